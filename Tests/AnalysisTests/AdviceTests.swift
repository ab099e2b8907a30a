import Testing

@testable import Analysis

@Suite struct AdviceTests {
    @Test func `every advice is reached by its pattern, through its module`() {
        for advice in Advice.knowledge {
            let modules = Set([advice.module.map { $0 + ".so.1" } ?? "program"])
            let texts = Advice.texts(for: advice.pattern, modules: modules, kernelRelease: "6.18.44")
            #expect(texts.contains(advice.text), "\(advice.text)")
            #expect(!advice.source.isEmpty, "\(advice.text)")
        }
    }

    @Test(arguments: Pattern.allCases)
    func `every pattern has an advice, and every remedy one that it tries`(pattern: Pattern) {
        let advice = Advice.knowledge.filter { $0.pattern == pattern }
        #expect(!advice.isEmpty)
        #expect(advice.contains { $0.isReplayed } == (Remedy(against: pattern) != nil))
    }

    @Test func `advice that saves nothing is taken away`() throws {
        var log = SyntheticLog()
        let stack = log.stack("libsodium.so")
        for _ in 0..<100 {
            let start = log.map(pages: 4, stack: stack)
            log.protect(start, 0, stack: stack)
        }
        var investigation = log.investigated()
        let change = try #require(investigation.advisedChange)
        var rehearsal = RehearsalReport()
        (rehearsal.changes, rehearsal.peakBefore, rehearsal.peakAfter) = ([change], 300, 299)
        #expect(investigation.report.sites[0].advice.contains { $0.contains("MADV_GUARD_INSTALL") })
        investigation.note(rehearsal)
        #expect(!investigation.report.sites[0].advice.contains { $0.contains("MADV_GUARD_INSTALL") })
        #expect(investigation.report.sites[0].saving == nil)
    }
}
