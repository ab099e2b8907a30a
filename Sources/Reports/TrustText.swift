package import Analysis

/// How far a report can be trusted.
package enum TrustText {
    /// Whether nothing is missing and the rebuilt map was the kernel's whenever it was compared.
    package static func isSound(_ report: Report) -> Bool {
        report.trust.exact == report.trust.snapshots && report.calls.lost == 0 && report.calls.unobserved == 0
    }

    package static func sentence(_ report: Report) -> String {
        let parts = [
            snapshots(report.trust), "\(NumberText.count(report.calls.lost)) lost",
            "\(NumberText.count(report.calls.unobserved)) unobserved",
            "\(plural(report.calls.withoutStack, "call")) without a backtrace",
        ]
        return parts.joined(separator: "; ") + cut(report)
    }

    private static func snapshots(_ trust: Report.Trust) -> String {
        guard trust.snapshots > 0 else { return "no snapshot to compare the replay with" }
        let worst =
            trust.exact < trust.snapshots ? " (at worst \(plural(trust.worstDifference, "VMA")) differ)" : ""
        return "replay equals the kernel at \(trust.exact) of \(plural(trust.snapshots, "snapshot"))\(worst)"
    }

    private static func cut(_ report: Report) -> String {
        report.cut == 0 ? "" : "; \(plural(report.cut, "backtrace")) cut short"
    }
}
