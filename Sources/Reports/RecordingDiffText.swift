package import Analysis

/// What changed between two recordings, in words.
package enum RecordingDiffText {
    private static let shown = 15

    package static func text(_ diff: RecordingDiff, _ style: TextStyle) -> String {
        let blocks = [counts(diff, style), sites(diff, style), failed(diff, style)]
        return blocks.filter { !$0.isEmpty }.map { $0.map { $0 + "\n" }.joined() }.joined(separator: "\n")
    }

    private static func counts(_ diff: RecordingDiff, _ style: TextStyle) -> [String] {
        let (old, new) = (diff.old, diff.new)
        let more = new.vmas.peak > old.vmas.peak
        let peak = "peak \(NumberText.count(old.vmas.peak)) -> \(NumberText.count(new.vmas.peak)) VMAs"
        let rates = [old, new].map { NumberText.rough($0.growthPerSecond) }
        return [
            style.paint(peak, more ? .warning : .good)
                + ", last \(NumberText.count(old.vmas.last)) -> \(NumberText.count(new.vmas.last))"
                + ", growth \(rates[0]) -> \(rates[1])/s, shape \(old.shape.rawValue) -> \(new.shape.rawValue)"
        ]
    }

    private static func sites(_ diff: RecordingDiff, _ style: TextStyle) -> [String] {
        guard !diff.sites.isEmpty else { return ["Every site holds what it held before."] }
        let heading = style.paint("     old       new    change  site", .heading)
        let rows = diff.sites.prefix(shown).map { site in
            let sign = site.change > 0 ? "+" : ""
            let note = site.isNew ? " (new)" : site.isGone ? " (gone)" : ""
            return TextLayout.right(NumberText.count(site.old), 8)
                + TextLayout.right(NumberText.count(site.new), 10)
                + TextLayout.right(sign + NumberText.count(site.change), 10) + "  "
                + TextLayout.printable(site.name) + note
        }
        let rest = diff.sites.count - rows.count
        return [heading] + rows + (rest > 0 ? ["        and \(plural(rest, "site")) that changed less"] : [])
    }

    private static func failed(_ diff: RecordingDiff, _ style: TextStyle) -> [String] {
        diff.failed.map { style.paint("failed: \($0)", .bad) }
    }
}
