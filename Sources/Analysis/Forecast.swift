/// Whether and when the count reaches the limit. Times are seconds since the first record.
package struct Forecast: Codable, Sendable {
    package enum Verdict: String, Codable, Sendable, CaseIterable {
        case alreadyHit = "already-hit"
        case willHit = "will-hit"
        case noTrend = "no-trend"
        case unsure
    }

    /// A site that the growth comes from.
    package struct Driver: Codable, Sendable {
        package var name: String
        /// Of the growth since the last change of rate, 0 to 1.
        package var share: Double
    }

    /// The same on another clock: the number of calls recorded.
    package struct Calls: Codable, Sendable {
        /// Calls since the first record at which the limit is reached; 90 % range.
        package var number: Double
        @Nullable package var low: Double?
        @Nullable package var high: Double?
    }

    package var verdict: Verdict
    @Nullable package var time: Double?
    /// The range that is to hold nine tenths of all truths.
    @Nullable package var low: Double?
    @Nullable package var high: Double?
    /// The range that is to hold half of them.
    @Nullable package var likelyLow: Double?
    @Nullable package var likelyHigh: Double?
    @Nullable package var calls: Calls?
    /// Most growth first.
    package var sites: [Driver] = []
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

    enum CodingKeys: String, CodingKey {
        case verdict, time, low, high, calls, sites, reason
        case likelyLow = "likely_low"
        case likelyHigh = "likely_high"
    }
}
