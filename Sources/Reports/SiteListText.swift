import Analysis

extension SiteList {
    /// A line for each site and one for their sums.
    /// - Parameters:
    ///   - withStory: what became of each site's VMAs, on a line of its own.
    ///   - withStacks: the heaviest backtraces of each site.
    package func text(_ style: TextStyle, withStory: Bool = false, withStacks: Bool) -> String {
        let moment = atPeak ? "at the peak, " : ""
        let title =
            "\(NumberText.count(total)) VMAs of process \(report.process.pid) \(moment)\(TimeText.span(time)) "
            + "after the start"
        let columns = "    VMAs  share     calls  growth/s    splits  since     "
        let head = [title, style.paint(columns + heading, .heading)]
        let body = rows.flatMap { lines($0, withStory, withStacks, style) }
        return (head + body + [sumLine(style)]).map { $0 + "\n" }.joined()
    }

    private var heading: String {
        switch unit {
        case .frame: "site"
        case .stack: "backtrace"
        case .module: "module"
        case .thread: "thread"
        case .file: "file"
        }
    }

    private func lines(_ row: Row, _ withStory: Bool, _ withStacks: Bool, _ style: TextStyle) -> [String] {
        let head = [numbers(row.site) + "  " + name(row, style)]
        let story = withStory ? TextLayout.wrap(self.story(row.site), width: style.width - 12) : []
        let stacks = withStacks || unit == .stack ? row.stacks.flatMap { lines($0, style) } : []
        return head + story.map { style.paint("            " + $0, .aside) } + stacks
    }

    private func numbers(_ site: Report.Site) -> String {
        let since = site.firstTime.map { TimeText.span($0) } ?? ""
        return counts(site.vmas, NumberText.percent(site.share), site.calls)
            + TextLayout.right(NumberText.rough(site.growthPerSecond), 10)
            + TextLayout.right(NumberText.count(site.split), 10)
            + "  " + TextLayout.left(since, 8)
    }

    private func counts(_ vmas: Int, _ share: String, _ calls: Int) -> String {
        TextLayout.right(NumberText.count(vmas), 8) + TextLayout.right(share, 7)
            + TextLayout.right(NumberText.count(calls), 10)
    }

    private func sumLine(_ style: TextStyle) -> String {
        let sum = SiteSum(rows.map(\.site))
        let line =
            counts(sum.vmas, "", sum.calls) + TextLayout.right("", 10)
            + TextLayout.right(NumberText.count(sum.split), 10) + "            in all"
        return style.paint(line, .heading)
    }

    private func story(_ site: Report.Site) -> String {
        let made =
            "\(NumberText.count(site.created)) made, \(NumberText.count(site.split)) of them cut off others"
        let unmapped = site.vanished - site.merged
        let gone =
            "\(NumberText.count(unmapped)) unmapped and \(NumberText.count(site.merged)) merged away since"
        let lifetime = site.medianLifetime.map { ", after \(TimeText.span($0)) in the median" } ?? ""
        let last = site.lastTime.map { "; last seen at \(TimeText.span($0))" } ?? ""
        return "\(made); \(gone)\(lifetime); \(NumberText.count(site.last)) alive at the end\(last)"
    }

    private func name(_ row: Row, _ style: TextStyle) -> String {
        let site = row.site
        let pattern = site.pattern.map { " [\($0)]" } ?? ""
        let isFrame = unit == .frame || unit == .stack
        let frame = isFrame ? FrameText.summary(site.frames, 1, style).first : nil
        return TextLayout.printable(frame ?? site.name) + pattern
    }

    private func lines(_ stack: Site.Stack, _ style: TextStyle) -> [String] {
        let head = "            \(plural(held(stack), "VMA")) by \(plural(stack.calls, "call")):"
        return [style.paint(head, .aside)]
            + FrameText.lines(stack.frames, isCut: stack.isCut).map { "                " + $0 }
    }
}
