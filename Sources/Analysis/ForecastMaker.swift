/// Forecasts from what was recorded up to an instant.
struct ForecastMaker: Sendable {
    /// The tracer's own VMAs left out.
    let points: [SeriesPoint]
    let sites: [Site]
    /// vm.max_map_count.
    let limit: Int
    /// CLOCK_MONOTONIC nanoseconds of the first record.
    let start: UInt64

    /// Seconds; a shorter log shows a start, not a trend.
    private static let shortest = 1.0
    /// Sites named.
    private static let named = 5

    /// - Parameters:
    ///   - now: CLOCK_MONOTONIC nanoseconds; nothing later is looked at.
    ///   - horizon: seconds since the first record; nil: as far as the trend carries.
    func forecast(at now: UInt64, horizon: Double? = nil) -> Forecast {
        let trend = self.trend(at: now)
        guard seconds(now) >= Self.shortest || trend.verdict == .alreadyHit else {
            return Forecast(verdict: .noTrend, reason: "the log covers less than a second")
        }
        var forecast = Forecast(
            verdict: trend.verdict, time: trend.time, low: trend.range.low, high: trend.range.high, reason: ""
        )
        (forecast.likelyLow, forecast.likelyHigh) = trend.likely
        if trend.time != nil || trend.verdict != .noTrend {
            forecast.sites = drivers(since: trend.since, now)
        }
        forecast.calls = trend.time == nil ? nil : inCalls(at: now)
        if let horizon, let low = trend.range.low, low > horizon { forecast.verdict = .noTrend }
        let words = ForecastReason(
            trend: trend, count: count(at: now), ceiling: ceiling, isSplitting: isSplitting,
            driver: forecast.sites.first, isBeyondHorizon: forecast.verdict != trend.verdict)
        forecast.reason = words.sentence
        return forecast
    }

    /// In time alone: seconds since the first record.
    /// - Parameter ceiling: the highest count still allowed; nil: what the limit allows.
    func trend(at now: UInt64, ceiling: Int? = nil) -> TrendForecast {
        let known = known(now).flatMap { samples($0, at: seconds($0.end)) }
        return TrendForecast.of(known, limit: Double(ceiling ?? self.ceiling), from: 0, to: seconds(now))
    }

    /// VMAs at an instant.
    func count(at now: UInt64) -> Int { known(now).last?.last ?? 0 }

    private func inCalls(at now: UInt64) -> Forecast.Calls? {
        let known = self.known(now)
        guard let first = known.first, let last = known.last, last.calls > first.calls else { return nil }
        let trend = TrendForecast.of(
            known.flatMap { samples($0, at: Double($0.calls)) }, limit: Double(ceiling),
            from: Double(first.calls), to: Double(last.calls))
        return trend.time.map { Forecast.Calls(number: $0, low: trend.range.low, high: trend.range.high) }
    }

    private func known(_ now: UInt64) -> ArraySlice<SeriesPoint> {
        points.prefix { $0.end <= now }
    }

    private func samples(_ point: SeriesPoint, at clock: Double) -> [CountSample] {
        [point.highest, point.last].map { CountSample(time: clock, count: Double($0)) }
    }

    func seconds(_ time: UInt64) -> Double { time > start ? Double(time - start) / 1e9 : 0 }

    // MARK: what fails first

    /// Most VMAs are made by cutting others.
    private var isSplitting: Bool {
        let made = sites.filter { $0.origin != .beforeTrace }
        return made.reduce(0) { $0 + $1.split } * 2 > made.reduce(0) { $0 + $1.created }
    }

    /// The highest count at which nothing fails: a mapping fails above the limit, a split already at it
    /// (Linux mm/mmap.c, mm/vma.c).
    var ceiling: Int { isSplitting ? limit - 1 : limit }

    // MARK: who drives it

    private func drivers(since: Double, _ now: UInt64) -> [Forecast.Driver] {
        let begin = start + UInt64(max(since, 0) * 1e9)
        let gains = sites.map { ($0.name, Double(Self.held($0, at: now) - Self.held($0, at: begin))) }
        let growing = gains.filter { $0.1 > 0 }.sorted { ($0.1, $1.0) > ($1.1, $0.0) }
        let total = growing.reduce(0) { $0 + $1.1 }
        return growing.prefix(Self.named).map { Forecast.Driver(name: $0.0, share: $0.1 / total) }
    }

    private static func held(_ site: Site, at time: UInt64) -> Int {
        site.history.last { $0.time <= time }?.count ?? 0
    }
}
