/// What the forecast would have said earlier, and what came.
///
/// Asked at each tenth of the way is when the count reaches the limit or, where it never did, the height it
/// has reached by now: of that the truth is known.
package struct Backtest: Codable, Sendable {
    /// A tenth of the way.
    package struct Step: Codable, Sendable {
        /// Seconds since the first record, and VMAs then.
        package var at: Double
        package var count: Int
        package var verdict: Forecast.Verdict
        @Nullable package var time: Double?
        @Nullable package var low: Double?
        @Nullable package var high: Double?
        /// How far off the time was, as a share of the time that was left.
        @Nullable package var error: Double?
        /// Whether the truth lay in the range; null: none was given.
        @Nullable package var isInRange: Bool?

        enum CodingKeys: String, CodingKey {
            case at, count, verdict, time, low, high, error
            case isInRange = "in_range"
        }
    }

    /// VMAs asked for, and seconds since the first record at which they were there.
    package private(set) var count: Int
    package private(set) var time: Double
    package private(set) var steps: [Step] = []

    /// Nil if there is no way to look back on: nothing grew.
    /// - Parameters:
    ///   - hit: seconds since the first record at which the limit was hit; nil: it was not.
    ///   - end: CLOCK_MONOTONIC nanoseconds; nothing later is looked at.
    init?(_ maker: ForecastMaker, hit: Double?, end: UInt64) {
        guard let first = maker.points.first?.highest, let goal = maker.goal(hit: hit, end: end),
            goal.count > first, goal.time > 0
        else { return nil }
        (count, time) = goal
        for tenth in 1...9 { steps.append(step(maker, at: time * Double(tenth) / 10)) }
    }

    private func step(_ maker: ForecastMaker, at now: Double) -> Step {
        let instant = maker.start + UInt64(now * 1e9)
        let said = maker.trend(at: instant, ceiling: count - 1)
        var step = Step(at: now, count: maker.count(at: instant), verdict: said.verdict)
        guard let guess = said.time else { return step }
        (step.time, step.low, step.high) = (guess, said.range.low, said.range.high)
        step.error = abs(guess - time) / (time - now)
        step.isInRange = said.range.low ?? 0 <= time && time <= said.range.high ?? .infinity
        return step
    }

    /// How good the forecast was over the second half of the way; nil if it said too little to tell.
    package var record: Forecast.Record? {
        let late = steps.dropFirst(4)
        let errors = late.compactMap(\.error)
        guard errors.count >= 4, let worst = errors.max(), let since = late.first?.at else { return nil }
        return Forecast.Record(since: since, until: time, error: worst)
    }
}

extension ForecastMaker {
    /// What is asked of the past: the count, and when it was there.
    fileprivate func goal(hit: Double?, end: UInt64) -> (count: Int, time: Double)? {
        let known = points.prefix { $0.end <= end }
        guard let highest = known.map(\.highest).max() else { return nil }
        let count = hit == nil ? highest : min(highest, ceiling + 1)
        let reached = known.first { $0.highest >= count }.map { seconds($0.end) }
        return reached.map { (count, hit ?? $0) }
    }
}
