/// A condition under which a comparison of two recordings fails: `peak>20000`, `growth>10/min`, `new-site>500`.
package struct DiffGate: Sendable {
    private enum Measure: String {
        case peak, growth
        case newSite = "new-site"
    }

    /// As it was asked for.
    package let text: String
    private let measure: Measure
    /// VMAs, or VMAs per second.
    private let bound: Double

    private static let seconds: [Substring: Double] = ["s": 1, "min": 60, "h": 3600, "day": 86400]

    package init?(_ text: String) {
        let parts = text.split(separator: ">", omittingEmptySubsequences: false)
        guard parts.count == 2, let measure = Measure(rawValue: parts[0].filter { $0 != " " }) else {
            return nil
        }
        let value = parts[1].drop { $0 == " " }.split(separator: "/", omittingEmptySubsequences: false)
        guard let number = value.first.flatMap({ Double($0) }), number.isFinite, number >= 0 else {
            return nil
        }
        switch (measure, value.count) {
        case (.growth, 2):
            guard let unit = Self.seconds[value[1]] else { return nil }
            bound = number / unit
        case (.peak, 1), (.newSite, 1): bound = number
        default: return nil
        }
        self.text = text
        self.measure = measure
    }

    package func fails(_ diff: RecordingDiff) -> Bool {
        switch measure {
        case .peak: Double(diff.new.vmas.peak) > bound
        case .growth: diff.new.growthPerSecond > bound
        case .newSite: diff.sites.contains { $0.isNew && Double($0.new) > bound }
        }
    }
}
