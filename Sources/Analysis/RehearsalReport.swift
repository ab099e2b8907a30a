package import AddressSpace
package import Symbols
import TraceLog

/// What a change to the program would have brought (`whatif --fix`, `whatif --without`).
///
/// Times are seconds since the first record; counts leave the tracer's own VMAs out.
package struct RehearsalReport: Codable, Sendable {
    /// A site that calls otherwise.
    package struct Change: Codable, Sendable {
        package var site: String
        /// The pattern remedied; null if the site's calls are left out.
        @Nullable package var fix: Pattern?
        /// What the site does otherwise.
        package var remedy: Remedy

        /// - Parameter remedy: Nil: what is done against the pattern in general.
        package init(site: String, fix: Pattern?, remedy: Remedy? = nil) {
            self.site = site
            self.fix = fix
            self.remedy = remedy ?? fix.map(Remedy.init(against:)) ?? .leaveOut
        }
    }

    package static let currentVersion = 1

    package var version = RehearsalReport.currentVersion
    package var process = Report.Process()
    package var changes: [Change] = []
    /// Recorded calls that were changed or left out.
    package var changedCalls = 0
    package var limit = 0
    package var peakBefore = 0
    package var peakAfter = 0
    package var peakTime = 0.0
    package var lastBefore = 0
    package var lastAfter = 0
    /// The first call refused at the limit after the change; null: none.
    @Nullable package var failure: LimitTrial.Refusal?
    /// Whether the recording itself ran into the limit: what the program would have done then is not known.
    package var recordingFailed = false
    /// Why the answer may be off, in words.
    package var doubts: [String] = []

    package init() {}

    /// Replays the source with the changes.
    /// - Parameters:
    ///   - investigation: Of the same log.
    ///   - limit: VMAs; nil: the one recorded, or the kernel's default.
    ///   - progress: called now and then with the fraction read, 0 to 1.
    package static func run<Source: EntrySource & ~Copyable>(
        _ source: inout Source, _ investigation: Investigation, changes: [Change], limit: Int?,
        symbols: SymbolizerOptions? = SymbolizerOptions(), inherited: consuming AddressSpace? = nil,
        progress: ((Double) -> Void)? = nil
    ) -> RehearsalReport {
        let remedies = Dictionary(changes.map { ($0.site, $0.remedy) }) { $1 }
        let limit = limit ?? investigation.recordedLimit ?? 65530
        let outcome = Rehearsal.run(
            &source, names: investigation.names, remedies: remedies, limit: limit, inherited: inherited,
            progress: progress)
        var result = RehearsalReport()
        let (start, report) = (investigation.startTime, investigation.report)
        result.process = report.process
        result.changes = changes
        result.changedCalls = outcome.changedCalls
        result.limit = limit
        (result.peakBefore, result.peakAfter) = (report.vmas.peak, outcome.peak)
        (result.lastBefore, result.lastAfter) = (report.vmas.last, outcome.last)
        result.peakTime = outcome.peakTime > start ? Double(outcome.peakTime - start) / 1e9 : 0
        result.doubts = Doubt.sentences(
            report, facts: source.facts, isChanged: true)
        result.recordingFailed = report.failure?.cause == .maxMapCount
        if let failure = outcome.failure {
            let namer = FrameNamer(source.definitions, options: symbols)
            result.failure = LimitTrial.Refusal(failure, since: start, report.process.pid, namer)
        }
        return result
    }
}
