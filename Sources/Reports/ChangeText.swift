import Analysis

/// What to change in the code, with what a replay says of it, most first.
enum ChangeText {
    /// Sentences, each behind what it is to the one before: another way (Or), or for another site (And).
    static func sentences(_ report: Report) -> [(label: String, text: String)] {
        if let text = report.failure.flatMap({ KnownAdvice.text(against: $0.cause) }) {
            return [("Change", text)]
        }
        if isFar(report) { return [] }
        guard let largest = report.sites.first(where: { !$0.advice.isEmpty }) else { return [] }
        guard let growing = growing(report), growing.name != largest.name else {
            return zip(["Change", "Or"], advice(of: largest, in: report)).map { ($0, $1) }
        }
        return zip(["Change", "And"], [growing, largest]).flatMap { label, site in
            advice(of: site, in: report, isNamed: true).prefix(1).map { (label, $0) }
        }
    }

    /// Of a count that rises for ever, who holds most is who was there first; the end comes by who grows.
    private static func growing(_ report: Report) -> Report.Site? {
        guard [.leak, .fragmentation].contains(report.shape) else { return nil }
        let site = report.sites.max { $0.growthPerSecond < $1.growthPerSecond }
        return site.flatMap { $0.growthPerSecond > 0 && !$0.advice.isEmpty ? $0 : nil }
    }

    private static func advice(of site: Report.Site, in report: Report, isNamed: Bool = false) -> [String] {
        let place = isNamed || site.name != report.sites.first?.name ? "\(site.name): " : ""
        return site.advice.enumerated().map { number, text in
            place + text + " " + effect(site.savings.count > number ? site.savings[number] : nil)
        }
    }

    /// Whether nobody needs to change anything: a hundredth of the limit, and not growing.
    private static func isFar(_ report: Report) -> Bool {
        guard let limit = report.limit, report.failure == nil else { return false }
        return report.vmas.peak * 100 < limit && report.forecast.verdict == .noTrend
    }

    private static func effect(_ saving: Saving?) -> String {
        guard let saving else { return "(Effect not computed: the log lacks calls.)" }
        let counts = "peak \(NumberText.count(saving.peakBefore)) -> \(NumberText.count(saving.peakAfter))"
        return switch saving.remedy {
        case .leaveOut: "Replayed without these calls: \(counts) at best."
        case .closeLibraries: "Replayed with each closed before the next is loaded: \(counts) at best."
        default: "Replayed that way: \(counts)."
        }
    }
}
