package import Analysis

/// How far a report can be trusted.
package enum TrustText {
    /// Whether nothing is missing and the rebuilt map was the kernel's whenever it was compared.
    package static func isSound(_ report: Report) -> Bool {
        report.trust.exact == report.trust.snapshots && report.calls.lost == 0 && report.calls.unobserved == 0
            && report.damage.isEmpty
    }

    package static func sentence(_ report: Report) -> String {
        let missing = missing(report)
        let nothing =
            report.notes.isEmpty && !RecorderText.isCut(report) ? "nothing lost or unseen" : "nothing lost"
        return
            ([snapshots(report.trust)] + (missing.isEmpty ? [nothing] : missing)
            + RecorderText.sentences(report)
            + cut(report) + gaps(report) + report.coverage.prefix(1)).joined(separator: "; ")
    }

    /// What the tracer says it could not see; `mapfray verify` has all of it.
    private static func gaps(_ report: Report) -> [String] {
        let notes = RepeatedSentence.list(report.notes).map(\.text)
        let more = notes.count - 2
        return notes.prefix(2) + (more > 0 ? ["\(more) more in mapfray verify"] : [])
    }

    private static func missing(_ report: Report) -> [String] {
        let counts = [
            (report.calls.lost, "\(plural(report.calls.lost, "record")) lost"),
            (report.calls.unobserved, "\(plural(report.calls.unobserved, "VMA")) unobserved"),
            (report.calls.withoutStack, "\(plural(report.calls.withoutStack, "call")) without a backtrace"),
        ]
        return counts.filter { $0.0 > 0 }.map(\.1) + (report.damage.isEmpty ? [] : ["the log is damaged"])
    }

    private static func snapshots(_ trust: Report.Trust) -> String {
        guard trust.snapshots > 0 else { return "no snapshot to compare the replay with" }
        let worst =
            trust.exact < trust.snapshots ? " (at worst \(differing(trust.worstDifference)))" : ""
        return "replay equals the kernel at \(trust.exact) of \(plural(trust.snapshots, "snapshot"))\(worst)"
    }

    /// `1 VMA differs`, `2 VMAs differ`.
    static func differing(_ count: Int) -> String {
        "\(plural(count, "VMA")) differ\(count == 1 ? "s" : "")"
    }

    private static func cut(_ report: Report) -> [String] {
        report.cut == 0 ? [] : ["\(plural(report.cut, "backtrace")) cut short"]
    }
}
