/// A condition under which a report fails: `hits-within 7d`.
package struct ForecastGate: Sendable {
    /// As it was asked for.
    package let text: String
    /// Seconds from the end of the recording on.
    private let bound: Double

    private static let seconds: [Substring: Double] = [
        "s": 1, "min": 60, "h": 3600, "d": 86_400, "day": 86_400, "days": 86_400,
    ]

    /// Nil for any other condition.
    package init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count >= 2, words[0] == "hits-within" else { return nil }
        let span = words.dropFirst().joined()
        let digits = span.prefix { $0.isNumber || $0 == "." }
        guard let number = Double(digits), number.isFinite, number > 0,
            let unit = Self.seconds[span.dropFirst(digits.count)]
        else { return nil }
        self.text = text
        bound = number * unit
    }

    /// Whether the limit was hit, or will be within the span by the middle of the forecast's range.
    package func fails(_ report: Report) -> Bool {
        switch report.forecast.verdict {
        case .alreadyHit: true
        case .willHit: (report.forecast.time ?? .infinity) - report.duration <= bound
        case .noTrend, .unsure: false
        }
    }
}
