import Analysis

/// The exact commands that raise the limit, where that is of use.
enum LimitAdvice {
    static func lines(_ report: Report, _ style: TextStyle) -> [String] {
        guard let limit = report.limit, isNear(report, limit) else { return [] }
        let value = suggestion(peak: report.vmas.peak, limit: limit)
        let scope = style.width < 80 ? "" : "  (host-wide\(use(report, room: value - limit)))"
        return [
            style.paint("Raise     ", .heading) + LimitKnowledge.now(value) + scope,
            style.paint("for good: ", .heading) + LimitKnowledge.forGood(value),
        ]
    }

    /// What so many VMAs more are good for: growth without an end only meets the limit later.
    private static func use(_ report: Report, room: Int) -> String {
        let growth = report.growthPerSecond
        guard [.leak, .fragmentation].contains(report.shape), growth > 0 else {
            return ", also for containers"
        }
        return "; delays it by \(TimeText.span(Double(room) / growth))"
    }

    private static func isNear(_ report: Report, _ limit: Int) -> Bool {
        if let cause = report.failure?.cause, cause != .uncertain { return cause == .maxMapCount }
        return report.vmas.peak * 2 >= limit || report.forecast.verdict == .willHit
    }

    /// At least twice the peak, in the steps that distributions use: powers of two times 65,536.
    static func suggestion(peak: Int, limit: Int) -> Int {
        var value = 262_144
        while value < max(limit, peak) * 2 && value < 1 << 30 { value *= 2 }
        return value
    }
}
