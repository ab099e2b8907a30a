package import Analysis

/// When the limit is reached, in words.
package enum ForecastText {
    package static func sentence(_ forecast: Forecast) -> String {
        said(forecast) + (forecast.warning.map { ". A cliff may be ahead: \($0)" } ?? "")
    }

    private static func said(_ forecast: Forecast) -> String {
        let reason = forecast.reason.isEmpty ? "" : ": \(forecast.reason)"
        switch forecast.verdict {
        case .alreadyHit:
            return "already hit" + (forecast.time.map { " at \(TimeText.span($0))" } ?? "") + reason
        case .willHit: return "reaches the limit" + when(forecast) + reason + record(forecast)
        case .noTrend: return "no trend towards the limit\(reason)"
        case .unsure: return "unsure\(reason)"
        }
    }

    private static func when(_ forecast: Forecast) -> String {
        guard let time = forecast.time else { return "" }
        let range: String
        switch (forecast.low, forecast.high) {
        case (let low?, let high?):
            let ends = TimeText.range(low, high)
            range = " (between \(ends.low) and \(ends.high))"
        case (let low?, nil): range = " (not before \(TimeText.span(low)))"
        default: range = ""
        }
        return " \(TimeText.span(time)) after the start\(range)"
    }

    /// What the same forecast was worth when it was asked before.
    private static func record(_ forecast: Forecast) -> String {
        guard let record = forecast.record, record.error < 1 else { return "" }
        let stretch = TimeText.span(record.until - record.since)
        return "; asked during the \(stretch) before, it was within \(NumberText.percent(record.error))"
    }
}
