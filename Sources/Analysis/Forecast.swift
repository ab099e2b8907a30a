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
