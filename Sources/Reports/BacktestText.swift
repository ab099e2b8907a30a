package import Analysis

/// The record of the forecast: a line for each tenth of the way.
package enum BacktestText {
    package static func text(_ backtest: Backtest?, _ style: TextStyle) -> String {
        guard let backtest else { return "Nothing grew: there is no past to hold the forecast against.\n" }
        let title =
            "What would have been said of \(NumberText.count(backtest.count)) VMAs, reached at "
            + "\(TimeText.span(backtest.time))"
        let lines =
            TextLayout.wrap(title, width: style.width).map { style.paint($0, .heading) }
            + [row("asked at", "VMAs", "said", "90 % range", "off by")] + backtest.steps.map(line)
        return lines.map { $0 + "\n" }.joined()
    }

    private static func line(_ step: Backtest.Step) -> String {
        let mark = step.isInRange == false ? " (outside)" : ""
        return row(
            TimeText.span(step.at), NumberText.count(step.count),
            step.time.map(TimeText.span) ?? step.verdict.rawValue, range(step) + mark,
            step.error.map { NumberText.percent($0) } ?? "")
    }

    private static func range(_ step: Backtest.Step) -> String {
        guard step.time != nil, let low = step.low else { return "" }
        guard let high = step.high else { return "\(TimeText.span(low)) - open" }
        let ends = TimeText.range(low, high)
        return "\(ends.low) - \(ends.high)"
    }

    private static func row(_ at: String, _ count: String, _ said: String, _ range: String, _ error: String)
        -> String
    {
        let cells =
            TextLayout.right(at, 9) + TextLayout.right(count, 9) + TextLayout.right(said, 11) + "  "
            + TextLayout.left(range, 31) + TextLayout.right(error, 8)
        return String(cells.reversed().drop { $0 == " " }.reversed())
    }
}
