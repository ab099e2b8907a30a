import Testing

@testable import Analysis

@Suite struct AdviceTests {
    @Test func `every advice is reached by its pattern, through its module`() {
        for advice in Advice.knowledge {
            let frames = Self.frames(advice.mark)
            let texts = Advice.texts(for: advice.pattern, frames: frames, kernelRelease: "6.18.44")
            #expect(texts.contains(advice.text), "\(advice.text)")
            #expect(!advice.source.isEmpty, "\(advice.text)")
        }
    }

    @Test
    func `what is about one program of many comes behind what holds for all, and says of which it speaks`() {
        for advice in Advice.knowledge where advice.isConditional {
            #expect(advice.text.hasPrefix("If "), "\(advice.text)")
            let frames = Self.frames(advice.mark)
            let texts = Advice.texts(for: advice.pattern, frames: frames, kernelRelease: "6.18.44")
            let general = Advice.knowledge.first { $0.pattern == advice.pattern && $0.mark == nil }
            #expect(texts.first == general?.text && general != nil, "\(texts)")
        }
    }

    private static func frames(_ mark: Advice.Mark?) -> [SiteFrame] {
        let program = SiteFrame(function: "main", module: "program")
        return switch mark {
        case nil: [program]
        case .module(let name): [SiteFrame(function: nil, module: name + ".so.1"), program]
        case .function(let name): [SiteFrame(function: name + "inner", module: "program"), program]
        case .libcAllocator: [SiteFrame(function: "free", module: "libc.so.6"), program]
        }
    }

    @Test func `no two advices speak of the same, and each says where it is from`() {
        let texts = Advice.knowledge.map(\.text) + CauseAdvice.knowledge.map(\.text)
        #expect(Set(texts).count == texts.count)
        // A release, or a thread that is of its time.
        let sources = Advice.knowledge.map(\.source) + CauseAdvice.knowledge.map(\.source)
        for source in sources + [LimitKnowledge.source] {
            #expect(source.contains(/[0-9]\.[0-9]|\w#[0-9]+|\bJDK [0-9]+|\b20[0-9][0-9]\b/), "\(source)")
        }
    }

    @Test(arguments: FailureCause.allCases)
    func `every limit has an advice, but for the one whose sites have it`(cause: FailureCause) {
        let expected = cause.isLimit && ![.maxMapCount, .other, .uncertain].contains(cause)
        #expect((KnownAdvice.text(against: cause) != nil) == expected)
    }

    @Test(arguments: [
        "libruby", "libjvm", "libjemalloc", "libmimalloc", "libtorch", "libtensorflow", "libcuda",
        "libibverbs",
        "libcoreclr", "node",
    ])
    func `runtimes and allocators that people name have advice of their own`(module: String) {
        #expect(
            Advice.knowledge.contains {
                if case .module(module) = $0.mark { true } else { false }
            })
    }

    @Test func `what common guides say wrongly is not repeated`() {
        for text in Advice.knowledge.map(\.text) + CauseAdvice.knowledge.map(\.text) {
            for wrong in ["288 bytes", "docker run --sysctl", "vm_count", "out of RAM"] {
                #expect(!text.contains(wrong))
            }
        }
    }

    @Test(arguments: Pattern.allCases)
    func `every pattern has a general advice`(pattern: Pattern) {
        #expect(Advice.knowledge.contains { $0.pattern == pattern && $0.mark == nil })
    }

    @Test func `a text is known for its own remedy, whatever the kernel adds to it`() {
        for advice in Advice.knowledge {
            let texts = Advice.texts(
                for: advice.pattern, frames: Self.frames(advice.mark), kernelRelease: "4.1.0")
            let text = texts.first { $0.hasPrefix(advice.text) }
            #expect(text.flatMap(Advice.remedy(of:)) == advice.remedy, "\(advice.text)")
        }
    }

    /// Objects with guard pages from two libraries that no advice names: 100, and `second`.
    private func guarded(second: Int = 0, lost: Int = 0) -> Investigation {
        var log = SyntheticLog()
        log.lostRecords = lost
        for (module, count) in [("libsodium.so", 100), ("libother.so", second)] {
            let stack = log.stack(module)
            for _ in 0..<count {
                let start = log.map(pages: 4, stack: stack)
                log.protect(start, 0, stack: stack)
            }
        }
        return log.investigated()
    }

    private func rehearsal(
        _ changes: [RehearsalReport.Change], _ before: Int, _ after: Int
    ) -> RehearsalReport {
        var rehearsal = RehearsalReport()
        (rehearsal.changes, rehearsal.peakBefore, rehearsal.peakAfter) = (changes, before, after)
        return rehearsal
    }

    private func advisesGuards(_ site: Report.Site) -> Bool {
        site.advice.contains { $0.contains("MADV_GUARD_INSTALL") }
    }

    @Test(arguments: [(300, 299), (300, 298), (300, 310), (50, 41)])
    func `advice that saves nothing is taken away`(before: Int, after: Int) {
        var investigation = guarded()
        let changes = investigation.advisedChanges
        #expect(!investigation.report.sites[0].advice.isEmpty)
        investigation.judgeAdvice(changes.map { rehearsal($0, before, after) })
        #expect(investigation.report.sites.allSatisfy { $0.advice.isEmpty })
        #expect(investigation.report.sites[0].saving == nil)
    }

    @Test func `advice that no replay tried is not shown, and each that is has its saving`() throws {
        var investigation = guarded()
        let tried = try #require(
            investigation.advisedChanges.first { $0.allSatisfy { $0.remedy == .leaveOut } })
        investigation.judgeAdvice([rehearsal(tried, 300, 20)])
        let site = investigation.report.sites[0]
        #expect(site.advice.count == 1 && !advisesGuards(site))
        #expect(site.savings.map(\.remedy) == [.leaveOut])
        #expect(site.saving?.peakAfter == 20)
    }

    @Test func `each site's advice has its own saving, what was followed before what was bounded`() {
        var investigation = guarded(second: 50)
        let changes = investigation.advisedChanges
        #expect(changes.count == 4)
        let rehearsals = zip(changes, [100, 90, 250, 240]).map { rehearsal($0, 300, $1) }
        investigation.judgeAdvice(rehearsals.reversed())
        let sites = investigation.report.sites.filter { !$0.savings.isEmpty }
        #expect(sites.map { $0.savings.map(\.peakAfter) } == [[100, 90], [250, 240]])
        #expect(sites.allSatisfy { $0.savings.map(\.remedy) == [.installGuards, .leaveOut] })
        #expect(sites.allSatisfy { $0.advice.count == 2 && advisesGuards($0) })
    }

    @Test func `a site that holds too little gets no advice, and its change is not tried`() {
        var investigation = guarded(second: 4)
        #expect(investigation.report.sites.count { advisesGuards($0) } == 2)
        let changes = investigation.advisedChanges
        #expect(Set(changes.flatMap { $0.map(\.site) }).count == 1)
        investigation.judgeAdvice(changes.map { rehearsal($0, 300, 100) })
        #expect(investigation.report.sites.count { advisesGuards($0) } == 1)
    }

    @Test func `where records are missing no saving is claimed, and the advice stays`() {
        var investigation = guarded(lost: 3)
        #expect(investigation.advisedChanges.isEmpty)
        investigation.judgeAdvice([])
        #expect(advisesGuards(investigation.report.sites[0]))
        #expect(investigation.report.sites[0].savings.isEmpty)
    }
}
