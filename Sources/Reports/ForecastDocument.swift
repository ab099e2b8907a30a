package import Analysis

/// `forecast --json`.
package struct ForecastDocument: Encodable {
    private let version = 1
    private let process: Report.Process
    @Nullable private var limit: Int?
    private let vmas: Report.Counts
    private let shape: Shape
    private let forecast: Forecast
    /// Left out where it was not asked for.
    private let backtest: Backtest?

    package init(_ report: Report, backtest: Backtest? = nil) {
        self.backtest = backtest
        process = report.process
        limit = report.limit
        vmas = report.vmas
        shape = report.shape
        forecast = report.forecast
    }
}
