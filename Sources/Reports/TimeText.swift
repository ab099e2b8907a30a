/// Spans of time as people read them.
package enum TimeText {
    /// Seconds in the largest fitting unit, two or three digits: 8.1 ms, 4.2 s, 3.5 min, 2.1 h, 12 days.
    package static func span(_ seconds: Double) -> String {
        guard seconds.isFinite else { return "for ever" }
        let size = abs(seconds)
        switch size {
        case 0: return "0 s"
        case ..<0.000_999_5: return "\(short(seconds * 1e6)) us"
        case ..<0.999_5: return "\(short(seconds * 1e3)) ms"
        case ..<120: return "\(short(seconds)) s"
        case ..<7200: return "\(short(seconds / 60)) min"
        case ..<172_800: return "\(short(seconds / 3600)) h"
        default: return "\(NumberText.rough(seconds / 86400)) days"
        }
    }

    private static func short(_ value: Double) -> String {
        let text = NumberText.decimal(value, places: abs(value) < 9.95 ? 1 : 0)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
