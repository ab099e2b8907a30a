package import TraceLog

/// Everything one pass over a log tells: the report, and what drawings and exports need beside it.
package struct Investigation: Sendable {
    package var report = Report()
    /// The count over time, about 2,000 points, the tracer's own VMAs left out.
    package var series: [SeriesPoint] = []
    /// By VMAs held at the peak, most first; sums to the peak.
    package var sites: [Site] = []
    package var facts = ProcessFacts()
    /// CLOCK_MONOTONIC nanoseconds of the first record, of the peak, and of the last record.
    package var startTime: UInt64 = 0
    package var peakTime: UInt64 = 0
    package var endTime: UInt64 = 0
    /// When the failure that the report names happened, CLOCK_MONOTONIC nanoseconds.
    package var failureTime: UInt64?

    /// Reads the source to its end, or to `options.until`, once.
    /// - Parameter progress: called now and then with the fraction read, 0 to 1.
    package static func run<Source: EntrySource & ~Copyable>(
        _ source: inout Source, options: InvestigationOptions = InvestigationOptions(),
        progress: ((Double) -> Void)? = nil
    ) -> Investigation {
        Investigation()
    }
}
