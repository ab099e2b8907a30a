import Analysis

/// A report such as Ruby's fibers give: a guard page for each until the limit is hit.
func sampleReport() -> Report {
    var report = Report()
    report.process.pid = 4711
    report.process.command = ["ruby", "x.rb"]
    report.process.kernel = "6.18.44"
    report.process.exitStatus = 1
    report.limit = 65530
    report.vmas.first = 30
    report.vmas.peak = 65531
    report.vmas.peakTime = 4.2
    report.vmas.last = 65531
    report.vmas.tracer = 6
    report.calls.total = 131_000
    report.calls.failed = 1
    report.trust.snapshots = 5
    report.trust.exact = 5
    report.failure = sampleFailure()
    report.shape = .leak
    report.sites = [sampleSite(), beforeTrace()]
    report.forecast = Forecast(verdict: .alreadyHit, time: 4.2, reason: "1 call failed at the limit")
    report.duration = 5
    return report
}

private func sampleFailure() -> Report.Failure {
    var failure = Report.Failure()
    failure.time = 4.2
    failure.call = "mprotect(0x7f1200000000, 4096, PROT_NONE)"
    failure.errno = "ENOMEM"
    failure.cause = .maxMapCount
    failure.count = 65530
    failure.limit = 65530
    return failure
}

private func sampleSite() -> Report.Site {
    var site = Report.Site()
    site.vmas = 65501
    site.share = 65501.0 / 65531.0
    site.calls = 32000
    site.firstTime = 0.1
    site.growthPerSecond = 15000
    site.pattern = "guard-page"
    site.advice = ["use MADV_GUARD_INSTALL (Linux 6.13) or one reservation for all stacks"]
    site.name = "fiber_pool_expand@libruby-3.1.so.3.1"
    site.frames = [
        SiteFrame(function: "__mprotect", module: "libc.so.6"),
        SiteFrame(function: "fiber_pool_expand", module: "libruby-3.1.so.3.1", file: "cont.c", line: 500),
        SiteFrame(
            function: "fiber_alloc", module: "libruby-3.1.so.3.1", file: "cont.c", line: 900, inlined: true),
        SiteFrame(function: nil, module: "libruby-3.1.so.3.1", offset: 0x1234),
    ]
    return site
}

private func beforeTrace() -> Report.Site {
    var site = Report.Site()
    site.vmas = 30
    site.share = 30.0 / 65531.0
    site.name = "before the trace"
    return site
}

/// A straight rise to the peak, one point each tenth of a second, then no change.
func sampleSeries() -> [SeriesPoint] {
    (0...42).map { step in
        let count = 30 + step * 65501 / 42
        let time = UInt64(step) * 100_000_000
        return SeriesPoint(start: time, end: time, lowest: count, highest: count, last: count, bytes: 0)
    }
}
