/// Whether and when the count reaches the limit. Times are seconds since the first record.
package struct Forecast: Codable, Sendable {
    package enum Verdict: String, Codable, Sendable, CaseIterable {
        case alreadyHit = "already-hit"
        case willHit = "will-hit"
        case noTrend = "no-trend"
        case unsure
    }

    package var verdict: Verdict
    @Nullable package var time: Double?
    @Nullable package var low: Double?
    @Nullable package var high: Double?
    package var reason: String

    package init(
        verdict: Verdict, time: Double? = nil, low: Double? = nil, high: Double? = nil, reason: String
    ) {
        self.verdict = verdict
        self.time = time
        self.low = low
        self.high = high
        self.reason = reason
    }
}

extension Forecast {
    /// A trend is not carried further than this many times the stretch it was seen over.
    private static let reach = 100.0
    /// Seconds; a shorter log shows a start, not a trend.
    private static let shortest = 1.0

    /// Carries the trend of the last regime to the limit.
    /// - Parameters:
    ///   - horizon: seconds since the first record; nil: as far as the trend carries.
    static func of(_ course: Course, limit: Int, horizon: Double?) -> Forecast {
        guard course.duration >= shortest else {
            return Forecast(verdict: .noTrend, reason: "the log covers less than a second")
        }
        let start = course.lastRegime
        guard let trend = course.trend(from: start) else {
            return Forecast(verdict: .noTrend, reason: "the count does not change")
        }
        let grown = course.last - course.counts[start]
        guard trend.slope > 0, grown >= max(16, 0.01 * course.last) else {
            return Forecast(
                verdict: .noTrend, reason: "the count has stopped growing at \(Int(course.last)) VMAs")
        }
        return carried(trend, course, from: start, to: limit, horizon: horizon)
    }

    private static func carried(
        _ trend: TheilSen, _ course: Course, from start: Int, to limit: Int, horizon: Double?
    ) -> Forecast {
        // mmap succeeds while the count is not above the limit (Linux mm/mmap.c).
        let missing = max(Double(limit + 1) - course.last, 0)
        let time = course.end + missing / trend.slope
        let early = course.end + missing / max(trend.high, trend.slope)
        let late = trend.low > 0 ? course.end + missing / trend.low : nil
        let rate = "\(Int(trend.slope.rounded())) VMAs per second since \(Int(course.times[start])) s"
        if trend.low <= 0 {
            return Forecast(verdict: .unsure, low: early, reason: "it rises by \(rate), but not steadily")
        }
        if let horizon, early > horizon {
            return Forecast(
                verdict: .noTrend, time: time, low: early, high: late,
                reason: "at \(rate) it stays below the limit until then")
        }
        let seen = course.end - course.times[start]
        guard time - course.end <= reach * seen else {
            return Forecast(
                verdict: .unsure, time: time, low: early, high: late,
                reason: "it rises by \(rate); too short a time to say when \(limit) is reached")
        }
        return Forecast(verdict: .willHit, time: time, low: early, high: late, reason: "it rises by \(rate)")
    }
}
