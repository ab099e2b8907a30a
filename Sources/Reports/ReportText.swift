package import Analysis

/// The one-screen report.
package struct ReportText {
    private let report: Report
    private let series: [SeriesPoint]
    private let start: UInt64
    private let style: TextStyle
    private let others: [String]
    private let folder: String

    /// - Parameters:
    ///   - others: The other processes of the recording, each in a few words.
    ///   - folder: What the user calls the recording, for the commands to run next.
    package init(_ investigation: Investigation, folder: String, others: [String] = [], style: TextStyle) {
        self.init(
            investigation.report, series: investigation.series, start: investigation.startTime,
            folder: folder,
            others: others, style: style)
    }

    package init(
        _ report: Report, series: [SeriesPoint], start: UInt64, folder: String, others: [String] = [],
        style: TextStyle
    ) {
        self.report = report
        self.series = series
        self.start = start
        self.folder = folder
        self.others = others
        self.style = style
    }

    /// The whole report, with a newline at the end of each line; what can be left out gives way to the height.
    package var text: String {
        let smaller = [(4, "\n", 2), (3, "\n", 2), (2, "\n", 2), (2, "\n", 1), (2, "", 1)]
        let pages = smaller.lazy.map { page(chartRows: $0, separator: $1, advices: $2) }
        return pages.first { Self.height($0) <= style.height }
            ?? page(chartRows: 2, separator: "", advices: 1)
    }

    private func page(chartRows: Int, separator: String, advices: Int) -> String {
        let blocks = [verdict, counts(chartRows), sites, conclusions(advices) + next]
        return blocks.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") + "\n" }.joined(
            separator: separator)
    }

    private static func height(_ page: String) -> Int { page.count { $0 == "\n" } }

    private var verdict: [String] {
        let words = TextLayout.wrap(Verdict.sentence(report, style), width: style.width)
        return words + [style.paint(TextLayout.clipped(processLine, style.width, style), .aside)]
    }

    /// What the program saw, and how far the other limits were.
    private var failure: [String] {
        guard let failure = report.failure else { return [] }
        // The verdict has named the call and its errno.
        let isOwnAnswer = failure.seen.contains(" returns -1") && failure.errno == "ENOMEM"
        let addsNothing = failure.seen.isEmpty || isOwnAnswer && !failure.call.hasPrefix("munmap")
        let seen = addsNothing ? [] : TextLayout.labelled("Seen", failure.seen, style: style)
        let limits = LimitUseText.sentence(failure)
        return seen + (limits.isEmpty ? [] : TextLayout.labelled("Limits", limits, style: style))
    }

    private var processLine: String {
        // Servers pad their titles.
        let words = report.process.command.joined(separator: " ").split(separator: " ")
        let command = words.isEmpty ? "(command unknown)" : words.joined(separator: " ")
        let facts = [
            "pid \(report.process.pid)", ending, TimeText.span(report.duration),
            plural(report.calls.total, "call"),
        ]
        let tail = " (" + facts.joined(separator: ", ") + ")"
        return TextLayout.clipped(TextLayout.printable(command), max(20, style.width - tail.count), style)
            + tail
    }

    private var ending: String {
        if let signal = report.process.signal { return "killed by signal \(signal)" }
        return report.process.exitStatus.map { "exit status \($0)" } ?? "exit status not seen"
    }

    private func counts(_ chartRows: Int) -> [String] {
        let vmas = report.vmas
        let limit = report.limit.map { "limit \(NumberText.count($0))" } ?? "limit unknown"
        let line =
            "VMAs: first \(NumberText.count(vmas.first)), peak \(NumberText.count(vmas.peak)) at "
            + "\(TimeText.span(vmas.peakTime)), last \(NumberText.count(vmas.last)), \(limit)"
        return TextLayout.wrap(line, width: style.width) + chart(chartRows)
    }

    private func chart(_ rows: Int) -> [String] {
        guard !series.isEmpty else { return [] }
        let columns = min(60, max(20, style.width - 12))
        return Chart(points: points, end: report.duration, limit: report.limit, columns: columns, rows: rows)
            .lines(style)
    }

    private var points: [Chart.Point] {
        series.flatMap { point in
            [
                Chart.Point(time: seconds(point.start), count: point.highest),
                Chart.Point(time: seconds(point.end), count: point.last),
            ]
        }
    }

    private func seconds(_ time: UInt64) -> Double {
        time < start ? 0 : Double(time - start) / 1e9
    }

    private var sites: [String] {
        let held = report.sites.filter { $0.vmas > 0 }
        guard !held.isEmpty else { return [] }
        let heading = style.paint("Who holds them at the peak", .heading)
        return [heading]
            + held.prefix(3).enumerated().flatMap { index, site in
                index == 0
                    ? SiteText.lines(site, frames: 3, style: style) : [SiteText.line(site, style: style)]
            }
    }

    private func conclusions(_ advices: Int) -> [String] {
        let also =
            others.isEmpty ? [] : TextLayout.labelled("Also", others.joined(separator: ", "), style: style)
        return TextLayout.labelled("Shape", ShapeText.sentence(report), style: style)
            + TextLayout.labelled("Forecast", ForecastText.sentence(report.forecast), style: style)
            + boundaries + failure + change(advices) + trust + also
    }

    /// The most frequent reason why neighbours are not one VMA; nothing where none stands out.
    private var boundaries: [String] {
        guard let group = report.boundaries.first, group.count * 10 >= report.vmas.peak, group.count >= 64
        else {
            return []
        }
        return TextLayout.labelled("Unmerged", BoundaryText.sentence(group, style), style: style)
    }

    private func change(_ advices: Int) -> [String] {
        let code = ChangeText.sentences(report).prefix(advices).flatMap {
            TextLayout.labelled($0.label, $0.text, style: style)
        }
        return code + LimitAdvice.lines(report, style)
    }

    private var trust: [String] {
        let isSound = TrustText.isSound(report)
        let lines = TextLayout.labelled("Trust", TrustText.sentence(report), style: style)
        return isSound ? lines : lines.map { style.paint($0, .warning) }
    }

    private var next: [String] {
        let commands = ["mapfray sites \(folder)", "mapfray events \(folder) --stacks"]
        let line = "next: " + commands.joined(separator: ", ")
        let lines = line.count <= style.width ? [line] : ["next: " + commands[0], "      " + commands[1]]
        return lines.map { style.paint($0, .aside) }
    }
}

/// `1 call`, `2 calls`.
func plural(_ count: Int, _ noun: String) -> String {
    "\(NumberText.count(count)) \(noun)\(count == 1 ? "" : "s")"
}
