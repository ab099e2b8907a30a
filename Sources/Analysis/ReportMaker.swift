import AddressSpace
import TraceLog

/// Writes down what was observed, in seconds since the first record and without the tracer's own VMAs.
struct ReportMaker {
    let observation: Observation
    let judgement: Judgement
    let facts: ProcessFacts
    let sites: [Site]
    let namer: FrameNamer
    let options: InvestigationOptions

    /// Where a flight recorder holds no list nothing was applied: then there is nothing but the end.
    private var start: UInt64 { observation.startTime == 0 ? observation.now.time : observation.startTime }
    private var end: UInt64 { observation.now.time }
    private var tracer: Int { observation.tracer }

    func report(cut: Int, lost: Int, damage: [String]) -> Report {
        var report = Report()
        report.process = process
        report.limit = limit
        report.vmas = counts
        report.calls = calls(lost: lost)
        report.trust = trust
        report.failure = judgement.failure.map { written($0.call, $0.verdict) }
        report.failures = judgement.failures.map { written($0.call, $0.verdict) }
        let points = observation.series.points.map { $0.leavingOut(tracer) }
        let course = Course(points, start: start, end: judgement.end)
        report.shape = shape(course)
        report.sites = sites.map(written)
        report.forecast = forecast(points)
        report.duration = seconds(end)
        report.cut = cut
        report.damage = damage
        let notes = observation.notes + facts.notes
        report.notes = notes.filter { $0.code != .covered }.map(\.text)
        report.coverage = observation.notes.filter { $0.code == .covered }.map(\.text)
        return report
    }

    // MARK: parts

    private func seconds(_ time: UInt64) -> Double { time > start ? Double(time - start) / 1e9 : 0 }

    private var limit: Int? {
        options.limit ?? observation.limits?.maxMapCount.map { Int(clamping: $0) }
    }

    private var process: Report.Process {
        var process = Report.Process()
        process.pid = Int(facts.process)
        process.command = facts.command
        process.kernel = facts.kernelRelease
        guard let status = facts.waitStatus else { return process }
        // Linux wait(2): the low seven bits are the signal, 0 for an exit with the status in the next byte.
        let signal = Int(status & 0x7F)
        process.signal = signal == 0 ? nil : signal
        process.exitStatus = signal == 0 ? Int(status >> 8 & 0xFF) : nil
        return process
    }

    private var counts: Report.Counts {
        var counts = Report.Counts()
        counts.first = (observation.first ?? 0) - tracer
        counts.peak = observation.peak.count - tracer
        counts.peakTime = seconds(observation.peak.time)
        counts.last = observation.now.count - tracer
        counts.tracer = tracer
        return counts
    }

    private func calls(lost: Int) -> Report.Calls {
        var calls = Report.Calls()
        calls.total = observation.calls
        calls.failed = observation.failed
        calls.withoutStack = observation.withoutStack
        calls.lost = lost
        calls.unobserved = sites.first { $0.origin == .notObserved }?.created ?? 0
        return calls
    }

    private var trust: Report.Trust {
        var trust = Report.Trust()
        trust.snapshots = observation.trust.snapshots
        trust.exact = observation.trust.exact
        trust.worstDifference = observation.trust.worst
        trust.corrections = observation.trust.corrections.total
        trust.recorderSize = Int(clamping: facts.recorder?.size ?? 0)
        trust.overwritten = Int(clamping: facts.recorder?.overwritten ?? 0)
        return trust
    }

    // MARK: failure

    private func written(_ failed: FailedCall, _ verdict: FailureVerdict) -> Report.Failure {
        var failure = Report.Failure()
        failure.time = seconds(failed.call.begin)
        failure.call = failed.call.text
        failure.errno = failed.call.error == 0 ? "ENOMEM" : errnoName(failed.call.error)
        failure.cause = verdict.cause
        failure.count = failed.count
        failure.limit = failed.limits?.maxMapCount.map { Int(clamping: $0) }
        failure.reason = verdict.reason
        failure.limits = LimitUse.all(failed)
        failure.frames = namer.outsideTracer(failed.call.stack).flatMap { namer.frames($0) }
        failure.seen = ProgramView.sentence(
            call: failure.call, errno: failure.errno, frames: failure.frames,
            isSplit: verdict.cause == .maxMapCount)
        return failure
    }

    // MARK: shape and forecast

    private func shape(_ course: Course) -> Shape {
        let peak = observation.peak
        // The loader cuts what it maps into segments, and each thread's stack gets a guard: more pieces of more memory.
        let ofMore: Set<Pattern?> = [.dlopen, .threadStacks]
        let bySetUp = sites.reduce(0) { $0 + (ofMore.contains($1.pattern) ? $1.split : 0) }
        let byGuards = sites.reduce(0) { $0 + ($1.pattern == .guardPage ? $1.split : 0) }
        return ShapeEvidence(
            course: course, first: (observation.first ?? 0) - tracer, peak: peak.count - tracer,
            peakBytes: Double(peak.bytes),
            splitShare: Double(max(Int(peak.split) - bySetUp, 0)) / Double(max(peak.appeared, 1)),
            guardShare: Double(byGuards) / Double(max(peak.appeared, 1)),
            hitLimit: judgement.hitLimit
        ).shape
    }

    private func forecast(_ points: [SeriesPoint]) -> Forecast {
        guard let limit else {
            return Forecast(verdict: .unsure, reason: "vm.max_map_count was not recorded")
        }
        let peak = observation.peak.count - tracer
        // With the limit that was in force the failure itself tells; the tracer's own VMAs may have
        // hastened it.
        if options.limit == nil, judgement.hitLimit, let failed = judgement.failure?.call {
            let time = seconds(failed.call.begin)
            return Forecast(
                verdict: .alreadyHit, time: time, low: time, high: time, reason: "a call failed at the limit")
        }
        if let first = observation.firstFailure?.untraced {
            let time = seconds(first.call.begin)
            return Forecast(
                verdict: .alreadyHit, time: time, low: time, high: time,
                reason: "\(first.call.text) would fail with \(errnoName(first.refusal.errno)) at "
                    + "\(first.refusal.count) VMAs")
        }
        if options.limit == nil, peak > limit {
            let time = observation.series.points.first { $0.highest - tracer > limit }.map {
                seconds($0.start)
            }
            return Forecast(
                verdict: .alreadyHit, time: time, low: time, high: time,
                reason: "the peak, \(peak), is above \(limit)")
        }
        var forecast = ForecastMaker(points: points, sites: sites, limit: limit, start: start)
            .forecast(at: judgement.end, horizon: options.horizon)
        forecast.stock = observation.stock.isCut ? observation.stock.more : nil
        if forecast.verdict != .willHit {
            forecast.warning = observation.stock.warning(count: counts.last, limit: limit)
        }
        return forecast
    }

    // MARK: sites

    private func written(_ site: Site) -> Report.Site {
        var written = Report.Site()
        written.vmas = site.peak
        written.share = Double(site.peak) / Double(max(counts.peak, 1))
        written.calls = site.calls
        written.firstTime = site.firstTime == 0 ? nil : seconds(site.firstTime)
        written.lastTime = site.lastTime == 0 ? nil : seconds(site.lastTime)
        written.growthPerSecond = site.growth
        written.pattern = site.pattern?.rawValue
        written.advice = site.advice
        written.frames = site.stacks.first?.frames ?? []
        written.name = site.name
        written.last = site.last
        written.created = site.created
        written.split = site.split
        written.vanished = site.vanished
        written.merged = site.merged
        written.stacks = site.stackCount
        written.medianLifetime = site.medianLifetime.map { Double($0) / 1e9 }
        return written
    }
}
