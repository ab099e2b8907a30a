import Analysis

/// The proof of a replay, in words.
package enum VerificationText {
    package static func text(_ result: VerificationResult, _ style: TextStyle) -> String {
        let lines =
            [verdict(result, style)] + result.snapshots.flatMap { self.lines($0, style) }
            + corrections(result) + orders(result) + rest(result)
        return lines.map { $0 + "\n" }.joined()
    }

    package static func text(_ total: VerificationTotal, _ style: TextStyle) -> String {
        let logs = plural(total.logs, "log")
        let outcome =
            total.compared == 0
            ? "There is no second snapshot in \(logs) to hold a replay against"
            : "In all the replay equals the kernel at \(NumberText.count(total.exact)) of "
                + "\(plural(total.compared, "snapshot")) of \(logs)"
        let rest =
            (total.inexact > 0 ? "; \(plural(total.inexact, "log")) not exact" : "")
            + (total.unread > 0 ? "; \(plural(total.unread, "log")) that cannot be replayed" : "")
        return style.paint(outcome + rest + ".", total.isExact ? .good : .bad) + "\n"
    }

    private static func verdict(_ result: VerificationResult, _ style: TextStyle) -> String {
        let compared = result.compared
        let text =
            compared.isEmpty
            ? "There is no second snapshot of process \(result.pid) to hold the replay against."
            : "The replay equals the kernel at \(result.exact) of \(plural(compared.count, "snapshot")) of process \(result.pid)."
        return style.paint(text, result.isExact ? .good : .bad)
    }

    private static func lines(_ snapshot: VerificationResult.Comparison, _ style: TextStyle) -> [String] {
        let time = TextLayout.right(NumberText.decimal(snapshot.time, places: 6), 14)
        let count = TextLayout.right(plural(snapshot.vmas, "VMA"), 15)
        let head = "\(time) s \(count)  \(TextLayout.left(snapshot.reason, 9)) \(outcome(snapshot))"
        let hidden =
            snapshot.different - snapshot.differences.count(where: { $0.hasPrefix("+") || $0.hasPrefix("-") })
        return [head] + snapshot.differences.map { "    " + TextLayout.printable($0) }
            + (hidden > 0 ? ["    and more"] : [])
    }

    private static func outcome(_ snapshot: VerificationResult.Comparison) -> String {
        let unsettled = snapshot.unsettled > 0 ? ", \(snapshot.unsettled) being changed" : ""
        if snapshot.loaded { return "loads the map" }
        return (snapshot.different == 0 ? "exact" : TrustText.differing(snapshot.different)) + unsettled
    }

    private static func corrections(_ result: VerificationResult) -> [String] {
        let made = result.corrections.filter { $0.value > 0 }.sorted { $0.key < $1.key }
        guard !made.isEmpty else { return ["corrections: none"] }
        return [
            "corrections: " + made.map { "\(NumberText.count($0.value)) \($0.key)" }.joined(separator: ", ")
        ]
    }

    private static func orders(_ result: VerificationResult) -> [String] {
        result.undecidedOrders == 0
            ? []
            : [
                "which came first is not known of \(plural(result.undecidedOrders, "pair")) of calls that worked on the "
                    + "same addresses at once: between them and the next snapshot the map may be another"
            ]
    }

    private static func rest(_ result: VerificationResult) -> [String] {
        ["lost records: \(NumberText.count(result.lost))"] + result.damage.map { "damage: \($0)" }
            + RepeatedSentence.list(result.notes.map(TextLayout.printable)).map(\.text)
    }
}
