@testable import Analysis
import Reports
import Testing

@Suite struct ReportTextTests {
    private func text(_ report: Report, others: [String] = [], style: TextStyle = TextStyle()) -> String {
        ReportText(
            report, series: sampleSeries(), start: 0, folder: "mapfray.data", others: others, style: style
        ).text
    }

    @Test func `a process at the limit`() {
        #expect(
            text(sampleReport(), others: ["pid 12 (40 VMAs)"]) == """
                This is vm.max_map_count: 4.2 s after the start mprotect(0x7f1200000000, 4096,
                PROT_NONE) failed with ENOMEM, at 65,530 VMAs of 65,530 (6 of them mapfray's).
                ruby x.rb (pid 4711, exit status 1, 5 s, 131,000 calls)

                VMAs: first 30, peak 65,531 at 4.2 s, last 65,531, limit 65,530
                65,531 ┤╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌▁▁▁▂▃▄▄▅▅▆▇██████████
                       │                           ▁▂▂▃▃▄▅▆▆▆▇██████████████████████
                       │              ▁▁▂▂▃▄▄▅▆▆▇███████████████████████████████████
                       │▁▁▁▂▃▃▃▄▅▆▆▆▇███████████████████████████████████████████████
                     0 └────────────────────────────────────────────────────────────
                        0 s                                                      5 s

                Who holds them at the peak
                 >99 %  65,501 VMAs, guard-page, since 100 ms, +15,000/s
                        fiber_pool_expand (libruby-3.1.so.3.1) cont.c:500
                        fiber_alloc (libruby-3.1.so.3.1) cont.c:900 [inlined]
                        libruby-3.1.so.3.1+0x1234
                  <1 %  30 VMAs, before the trace

                Shape     leak: it grows, and what was made is not given back
                Forecast  already hit at 4.2 s: 1 call failed at the limit
                Change    use MADV_GUARD_INSTALL (Linux 6.13) or one reservation for all stacks
                          (Effect not computed: the log lacks calls.)
                Raise     sysctl -w vm.max_map_count=262144  (host-wide; delays it by 13 s)
                for good: echo vm.max_map_count=262144 >/etc/sysctl.d/99-max-map-count.conf
                Trust     replay equals the kernel at 5 of 5 snapshots; nothing lost or unseen
                Also      pid 12 (40 VMAs)
                next: mapfray sites mapfray.data, mapfray events mapfray.data --stacks

                """)
    }

    @Test func `another limit is called by its name`() {
        var report = sampleReport()
        report.failure?.cause = .rlimitAS
        let page = text(report)
        #expect(page.hasPrefix("This is not vm.max_map_count but RLIMIT_AS (ulimit -v): 4.2 s after"))
        #expect(page.contains("Change    Map less, or raise RLIMIT_AS"))
        #expect(!page.contains("sysctl"))
    }

    @Test func `a flight recorder that overwrote its start tells what it goes back to`() {
        var report = sampleReport()
        (report.trust.recorderSize, report.trust.overwritten) = (16 << 20, 1)
        let page = text(report)
        #expect(page.hasPrefix("This is vm.max_map_count: 800 ms before the end mprotect("))
        let words = page.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(
            words.contains(
                "nothing lost; the flight recorder has kept the last 5 s: for so many VMAs record with "
                    + "--flight-recorder 32M or more"))
        report.trust.recorderSize = 32 << 20
        report.failure = nil
        #expect(text(report).hasPrefix("No call that the flight recorder has kept failed at a limit."))
        #expect(!text(report).contains("or more"))
    }

    @Test func `this may be the map limit`() {
        var report = sampleReport()
        report.failure?.cause = .uncertain
        report.failure?.reason = "records were lost"
        let page = text(report)
        #expect(page.hasPrefix("This may be vm.max_map_count: 4.2 s after"))
        let words = page.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("as far as was recorded; records were lost.") && words.contains("sysctl"))
    }

    @Test func `what was lost may have failed`() {
        var report = sampleReport()
        report.failure = nil
        report.calls.lost = 12
        #expect(text(report).hasPrefix("No call that was recorded failed at a limit (12 records lost)."))
    }

    @Test func `an assumed limit does not change what the kernel compared`() {
        var report = sampleReport()
        report.limit = 262_144
        #expect(
            text(report).contains("at 65,530 VMAs of\n65,530.")
                || text(report).contains("65,530 VMAs of 65,530 ("))
    }

    @Test func `nothing failed`() {
        var report = sampleReport()
        report.failure = nil
        report.vmas.peak = 1000
        #expect(
            text(report).hasPrefix(
                "No call failed at a limit. The peak was 1,000 VMAs, 2 % of vm.max_map_count.\n"))
        #expect(!text(report).contains("sysctl"))
    }

    @Test(arguments: [60, 80, 100]) func `no line is wider than the screen`(width: Int) {
        var report = sampleReport()
        report.process.command = ["python3", String(repeating: "x", count: 500)]
        report.sites[0].frames[1].function = String(repeating: "pool<long>::", count: 40)
        let lines = text(report, style: TextStyle(width: width)).split(separator: "\n")
        // Commands to copy stay whole.
        #expect(lines.filter { !$0.contains("sysctl") }.allSatisfy { $0.count <= width })
        #expect(lines.filter { $0.contains("sysctl") }.allSatisfy { $0.count <= 80 })
    }

    @Test(arguments: [24, 30]) func `a report with everything in it fits on a screen`(height: Int) {
        var report = sampleReport()
        report.sites.append(contentsOf: [report.sites[1], report.sites[1]])
        report.sites[0].advice = [String(repeating: "word ", count: height == 30 ? 60 : 10)]
        let page = text(report, others: ["pid 12 (40 VMAs)"], style: TextStyle(height: height))
        #expect(page.count { $0 == "\n" } <= height)
    }

    @Test func `frames without a name are followed by the nearest callers that have one`() {
        var report = sampleReport()
        report.sites[0].frames = (1...5).map {
            SiteFrame(function: nil, module: "libruby.so", offset: $0 * 16)
        }
        report.sites[0].frames += ["rb_vm_exec", "rb_vm_exec", "rb_call"].map {
            SiteFrame(function: $0, module: "libruby.so")
        }
        let page = text(report)
        #expect(
            page.contains(
                """
                        libruby.so+0x10
                        … rb_vm_exec (libruby.so)
                        … rb_call (libruby.so)

                """.split(separator: "\n").map { "        " + $0.drop { $0 == " " } }.joined(separator: "\n"))
        )
    }

    @Test func `what started the program is no frame worth showing`() {
        var report = sampleReport()
        report.sites[0].frames = [
            SiteFrame(function: "main", module: "a"),
            SiteFrame(function: "__libc_start_main", module: "libc.so.6"),
        ]
        #expect(!text(report).contains("_start"))
    }

    @Test func `colours change nothing but the colour`() {
        let painted = text(sampleReport(), style: TextStyle(hasColors: true))
        #expect(painted.contains("\u{1B}[31;1mThis is vm.max_map_count:\u{1B}[0m"))
        #expect(painted.replacing(/\u{1B}\[[0-9;]*m/, with: "") == text(sampleReport()))
    }

    @Test func `without Unicode every character is ASCII`() {
        var report = sampleReport()
        report.sites[0].frames[1].function = String(repeating: "long_name", count: 40)
        #expect(text(report, style: TextStyle(hasUnicode: false)).allSatisfy { $0.isASCII })
    }

    @Test func `characters that act on a terminal are not passed on`() {
        var report = sampleReport()
        report.process.command = ["evil\u{1B}[2J\n"]
        report.sites[0].frames[1].function = "evil\u{7}"
        #expect(!text(report).contains("\u{1B}"))
        #expect(!text(report).contains("\u{7}"))
    }

    @Test func `what is missing is said`() {
        var report = sampleReport()
        report.trust.exact = 4
        report.trust.worstDifference = 1
        report.calls.lost = 1234
        report.cut = 2
        #expect(!TrustText.isSound(report))
        #expect(
            TrustText.sentence(report)
                == "replay equals the kernel at 4 of 5 snapshots (at worst 1 VMA differs); 1,234 records lost; "
                + "2 backtraces cut short")
    }

    @Test func `a damaged log is not trusted`() {
        var report = sampleReport()
        report.damage = ["1048576 bytes of records are missing."]
        #expect(!TrustText.isSound(report))
        #expect(TrustText.sentence(report).hasSuffix("; the log is damaged"))
    }

    @Test func `growth that was given back at the end is no plain leak`() {
        var report = sampleReport()
        report.vmas.last = 40
        #expect(
            ShapeText.sentence(report).hasSuffix("until a call failed; only then 65,491 VMAs were given back")
        )
        report.failure = nil
        #expect(
            ShapeText.sentence(report)
                == "leak, or a peak at the end: it grew all the time; 65,491 VMAs were given back in the last 800 ms"
        )
        report.forecast = Forecast(verdict: .unsure, reason: "")
        #expect(ForecastPage.text(report, TextStyle()).contains("\nGrowing up to the peak\n"))
        report.vmas.last = 65531
        #expect(ShapeText.sentence(report) == "leak: it grows, and what was made is not given back")
        #expect(ForecastPage.text(report, TextStyle()).contains("\nGrowing\n"))
    }

    @Test func `a higher limit only delays growth, and holds a plateau`() {
        var report = sampleReport()
        report.sites[0].growthPerSecond = 100
        #expect(text(report).contains("vm.max_map_count=262144  (host-wide; delays it by 33 min)"))
        report.shape = .plateau
        #expect(text(report).contains("vm.max_map_count=262144  (host-wide, also for containers)"))
    }

    @Test func `nothing is to be changed at a hundredth of the limit, while it does not grow`() {
        var report = sampleReport()
        report.failure = nil
        report.vmas.peak = 600
        report.forecast = Forecast(verdict: .noTrend, reason: "")
        #expect(!text(report).contains("\nChange"))
        report.forecast.verdict = .unsure
        #expect(text(report).contains("\nChange"))
        report.forecast.verdict = .noTrend
        report.vmas.peak = 700
        #expect(text(report).contains("\nChange"))
    }

    @Test func `what was there before the trace is no place in code, and no time is told of it`() {
        var report = sampleReport()
        report.sites[0].name = "before the trace"
        report.sites[0].frames = []
        report.boundaries = [
            BoundaryGroup(
                count: 30_000, reason: "other rights", left: "before the trace", right: "before the trace")
        ]
        let page = text(report)
        #expect(page.contains("65,501 VMAs, guard-page, +15,000/s\n"))
        #expect(page.contains("30,000 boundaries: other rights among VMAs from before the trace"))
    }

    @Test func `a second advice is shown where there is room`() {
        var report = sampleReport()
        report.sites[0].advice = ["change this", "change that", "change more"]
        let page = text(report)
        #expect(
            page.contains(
                "\nChange    change this (Effect not computed: the log lacks calls.)\nOr        change"))
        #expect(!page.contains("change more"))
        report.sites[0].advice[1] = String(repeating: "word ", count: 100)
        #expect(!text(report).contains("\nOr "))
    }

    @Test func `where one site holds most and another grows, the other is to be changed first`() {
        var report = sampleReport()
        report.sites[1].name = "session_new@server"
        report.sites[1].advice = ["share one segment", "or none"]
        (report.sites[0].growthPerSecond, report.sites[1].growthPerSecond) = (0, 20)
        let page = text(report)
        #expect(page.contains("\nChange    session_new@server: share one segment (Effect not computed"))
        #expect(page.contains("\nAnd       \(report.sites[0].name): use MADV_GUARD_INSTALL"))
        #expect(!page.contains("or none"))
        report.shape = .plateau
        #expect(text(report).contains("\nChange    use MADV_GUARD_INSTALL"))
    }

    @Test func `a long C++ name loses its arguments first`() {
        var report = sampleReport()
        let arguments = String(repeating: "v8::internal::SharedFlag, ", count: 6)
        report.sites[0].frames[1].function = "v8::(anonymous namespace)::Store::Allocate(\(arguments)int)"
        report.sites[0].frames[2].function =
            "f<std::function<void (int)> >::operator()(\(arguments)int) const"
        let page = text(report, style: TextStyle(width: 110))
        #expect(
            page.contains(
                "        v8::(anonymous namespace)::Store::Allocate(…) (libruby-3.1.so.3.1) cont.c:500\n"))
        #expect(
            page.contains("        f<std::function<void (int)> >::operator()(…) const (libruby-3.1.so.3.1)"))
    }

    @Test func `a forecast names its range`() {
        let forecast = Forecast(verdict: .willHit, time: 3600, low: 1800, high: 7200, reason: "")
        #expect(
            ForecastText.sentence(forecast)
                == "reaches the limit 60 min after the start (between 30 min and 2 h)")
    }

    @Test func `a forecast quotes its record`() {
        var forecast = Forecast(verdict: .willHit, time: 7200, reason: "it rises")
        forecast.record = Forecast.Record(since: 1800, until: 3600, error: 0.04)
        #expect(
            ForecastText.sentence(forecast)
                == "reaches the limit 2 h after the start: it rises; in the 30 min before, this forecast was "
                + "within 4 %")
        forecast.verdict = .unsure
        #expect(
            ForecastText.sentence(forecast)
                == "unsure: it rises; in the 30 min before, this forecast was within 4 %")
        forecast.record?.error = 1.2
        #expect(
            ForecastText.sentence(forecast).hasSuffix(
                "this forecast was off by more than the time that was left"))
        forecast.verdict = .alreadyHit
        #expect(ForecastText.sentence(forecast).contains("before, this forecast would have been off"))
        forecast.record = nil
        #expect(!ForecastText.sentence(forecast).contains("before"))
    }
}
