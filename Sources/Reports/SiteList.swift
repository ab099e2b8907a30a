package import Analysis

/// All sites of a process at an instant.
package struct SiteList {
    private struct Row {
        var site: Report.Site
        var stacks: [Site.Stack]
    }

    private let report: Report
    private let rows: [Row]
    private let order: SiteOrder
    private let time: Double
    private let atPeak: Bool

    /// - Parameter atPeak: whether the counts are those of the peak, else those of the end of what was read.
    package init(_ investigation: Investigation, order: SiteOrder, atPeak: Bool) {
        report = investigation.report
        self.order = order
        self.atPeak = atPeak
        time = atPeak ? report.vmas.peakTime : report.duration
        let total = atPeak ? report.vmas.peak : report.vmas.last
        let rows = zip(report.sites, investigation.sites).map { site, details in
            Row(site: Self.counted(site, atPeak: atPeak, total: total), stacks: details.stacks)
        }
        self.rows = Self.sorted(rows, order, atPeak: atPeak)
    }

    private static func counted(_ site: Report.Site, atPeak: Bool, total: Int) -> Report.Site {
        var site = site
        if !atPeak { site.vmas = site.last }
        site.share = total > 0 ? Double(site.vmas) / Double(total) : 0
        return site
    }

    private static func sorted(_ rows: [Row], _ order: SiteOrder, atPeak: Bool) -> [Row] {
        let keys = rows.map { row -> Double in
            switch order {
            case .live: Double(row.site.vmas)
            case .growth: row.site.growthPerSecond
            case .splits: Double(row.site.split)
            }
        }
        return rows.indices.sorted { (keys[$0], $1) > (keys[$1], $0) }.map { rows[$0] }
    }

    // MARK: Text

    package func text(_ style: TextStyle, withStacks: Bool) -> String {
        let total = NumberText.count(atPeak ? report.vmas.peak : report.vmas.last)
        let moment = atPeak ? "at the peak, " : ""
        let title =
            "\(total) VMAs of process \(report.process.pid) \(moment)\(TimeText.span(time)) after the start"
        let heading = "    VMAs  share     calls  growth/s    splits  since     site"
        let head = [title, style.paint(heading, .heading)]
        return (head + rows.flatMap { lines($0, withStacks, style) }).map { $0 + "\n" }.joined()
    }

    private func lines(_ row: Row, _ withStacks: Bool, _ style: TextStyle) -> [String] {
        let head = numbers(row.site) + "  " + name(row.site, style)
        return withStacks ? [head] + row.stacks.flatMap { lines($0, style) } : [head]
    }

    private func numbers(_ site: Report.Site) -> String {
        let since = site.firstTime.map { TimeText.span($0) } ?? ""
        return TextLayout.right(NumberText.count(site.vmas), 8)
            + TextLayout.right(NumberText.percent(site.share), 7)
            + TextLayout.right(NumberText.count(site.calls), 10)
            + TextLayout.right(NumberText.rough(site.growthPerSecond), 10)
            + TextLayout.right(NumberText.count(site.split), 10)
            + "  " + TextLayout.left(since, 8)
    }

    private func name(_ site: Report.Site, _ style: TextStyle) -> String {
        let pattern = site.pattern.map { " [\($0)]" } ?? ""
        let frame = FrameText.summary(site.frames, 1, style).first
        return TextLayout.printable(frame ?? site.name) + pattern
    }

    private func lines(_ stack: Site.Stack, _ style: TextStyle) -> [String] {
        let held = atPeak ? stack.peak : stack.last
        let head = "            \(plural(held, "VMA")) by \(plural(stack.calls, "call")):"
        return [style.paint(head, .aside)] + stack.frames.map { "                " + FrameText.line($0) }
    }

    // MARK: JSON

    /// `sites --json`.
    package struct Document: Encodable {
        fileprivate struct Entry: Encodable {
            let site: Report.Site
            let stacks: [Stack]?

            private enum Keys: String, CodingKey { case stacks = "backtraces" }

            func encode(to encoder: any Encoder) throws {
                try site.encode(to: encoder)
                guard let stacks else { return }
                var container = encoder.container(keyedBy: Keys.self)
                try container.encode(stacks, forKey: .stacks)
            }
        }

        fileprivate struct Stack: Encodable {
            let vmas: Int
            let calls: Int
            let frames: [SiteFrame]
        }

        fileprivate let version = 1
        fileprivate let process: Report.Process
        fileprivate let time: Double
        fileprivate let vmas: Int
        fileprivate let by: SiteOrder
        fileprivate let sites: [Entry]
    }

    package func document(withStacks: Bool) -> Document {
        Document(
            process: report.process, time: time, vmas: atPeak ? report.vmas.peak : report.vmas.last,
            by: order,
            sites: rows.map { row in Document.Entry(site: row.site, stacks: withStacks ? stacks(row) : nil) })
    }

    private func stacks(_ row: Row) -> [Document.Stack] {
        row.stacks.map {
            Document.Stack(vmas: atPeak ? $0.peak : $0.last, calls: $0.calls, frames: $0.frames)
        }
    }
}
