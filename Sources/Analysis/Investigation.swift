package import AddressSpace
package import TraceLog

/// Everything one pass over a log tells: the report, and what drawings and exports need beside it.
package struct Investigation: Sendable {
    package var report = Report()
    /// The count over time, about 2,000 points, the tracer's own VMAs left out.
    package var series: [SeriesPoint] = []
    /// By VMAs held at the peak, most first; sums to the peak.
    package var sites: [Site] = []
    package var names = SiteNames()
    package var facts = ProcessFacts()
    /// CLOCK_MONOTONIC nanoseconds of the first record, of the peak, and of the last record.
    package var startTime: UInt64 = 0
    package var peakTime: UInt64 = 0
    package var endTime: UInt64 = 0
    /// When the way the count moves last changed, CLOCK_MONOTONIC nanoseconds.
    package var changeTime: UInt64 = 0
    /// The last instant that trends are judged by, CLOCK_MONOTONIC nanoseconds.
    package private(set) var trendEnd: UInt64 = 0
    /// When the failure that the report names happened, CLOCK_MONOTONIC nanoseconds.
    package var failureTime: UInt64?
    /// What the limit of the options would have refused; nil if they name none.
    package var firstFailure: FirstFailure?
    /// vm.max_map_count as recorded, VMAs.
    package var recordedLimit: Int?
    /// What the forecast would have said earlier; nil if nothing grew.
    package var backtest: Backtest?
    /// Threads that made calls.
    package var threads = 0

    package init() {}

    /// Reads the source to its end, or to `options.until`, once.
    /// - Parameter inherited: what a forked child got from its parent.
    /// - Parameter progress: called now and then with the fraction read, 0 to 1.
    package static func run<Source: EntrySource & ~Copyable>(
        _ source: inout Source, options: InvestigationOptions = InvestigationOptions(),
        inherited: consuming AddressSpace? = nil, progress: ((Double) -> Void)? = nil
    ) -> Investigation {
        var observation = Observation(
            ownRanges: source.facts.ownRanges, limit: options.limit, unit: options.unit)
        var replay = Replay(facts: source.facts, until: options.until)
        if let inherited { replay.inherit(inherited) }
        replay.run(&source, &observation, progress: progress)
        observation.finish(replay.space, killed: source.facts.killedTime, until: options.until)
        let namer = FrameNamer(source.definitions, options: options.symbols)
        var investigation = Investigation(observation, source, options, namer: namer)
        if options.judgesForecast { investigation.judgeForecast() }
        return investigation
    }

    /// - Parameter observation: finished.
    init<Source: EntrySource & ~Copyable>(
        _ observation: Observation, _ source: borrowing Source, _ options: InvestigationOptions,
        namer: FrameNamer
    ) {
        facts = source.facts
        startTime = observation.startTime
        peakTime = observation.peak.time
        endTime = observation.now.time
        threads = observation.threads.count
        firstFailure = observation.firstFailure
        recordedLimit = observation.limits?.maxMapCount.map { Int(clamping: $0) }
        let judgement = Judgement(
            observation, kernelRelease: facts.kernelRelease, lost: source.lostRecords)
        failureTime = judgement.failure?.call.call.begin
        let definitions = source.definitions
        let grouping = SiteGrouping(observation.sites, namer: namer, kernelRelease: facts.kernelRelease)
        names = SiteNames(grouping)
        series = observation.series.points.map { $0.leavingOut(observation.tracer) }
        let change = ForecastMaker(points: series, sites: [], limit: 0, start: startTime)
            .lastChange(at: judgement.end)
        changeTime = change
        sites = grouping.sites(growingIn: min(change, judgement.end)..<judgement.end)
        let maker = ReportMaker(
            observation: observation, judgement: judgement, facts: facts, sites: sites, namer: namer,
            options: options)
        report = maker.report(
            cut: definitions.stackIsCut.count { $0 }, lost: source.lostRecords, damage: source.damageText)
        trendEnd = judgement.end
    }

    /// What the forecast would have said before, and on other clocks.
    mutating func judgeForecast() {
        lookBack()
        compareClocks()
    }

    /// What it would have said before, and how good that was.
    mutating func lookBack() {
        guard let limit = report.limit else { return }
        let hit = report.forecast.verdict == .alreadyHit ? report.forecast.time : nil
        let maker = ForecastMaker(points: series, sites: sites, limit: limit, start: startTime)
        backtest = Backtest(maker, hit: hit, end: trendEnd)
        guard report.forecast.verdict != .noTrend else { return }
        report.forecast.record = backtest?.record
    }

    /// Holds other clocks against time.
    private mutating func compareClocks() {
        guard let limit = report.limit, [.willHit, .unsure].contains(report.forecast.verdict) else { return }
        let maker = ForecastMaker(points: series, sites: sites, limit: limit, start: startTime)
        report.forecast.steadier = ClockTrial(maker: maker, end: trendEnd).steadier
    }

    /// Adds the forecast on another clock.
    package mutating func note(clock: ForecastClock) {
        guard let limit = report.limit else { return }
        let maker = ForecastMaker(points: series, sites: sites, limit: limit, start: startTime)
        report.forecast.clock = ClockTrial(maker: maker, end: trendEnd).forecast(on: clock)
    }

    /// Another clock than time.
    /// - Parameter calls: reads the log: when each call began, and its backtrace.
    package func clock(_ kind: ForecastClock.Kind, calls: () throws -> [(begin: UInt64, stack: StackID)])
        rethrows -> ForecastClock?
    {
        switch kind {
        case .calls: return .calls(series)
        case .bytes: return .bytes(series)
        case .site(let place):
            guard sites.indices.contains(place - 1) else { return nil }
            let name = sites[place - 1].name
            let times = try calls().filter { names.name(of: $0.stack) == name }.map(\.begin)
            return .site(name, times, series)
        }
    }
}

extension SeriesPoint {
    /// The point without the tracer's own VMAs.
    func leavingOut(_ tracer: Int) -> SeriesPoint {
        SeriesPoint(
            start: start, end: end, lowest: lowest - tracer, highest: highest - tracer, last: last - tracer,
            bytes: bytes, calls: calls)
    }
}
