import Analysis
import Reports
import TraceLog

/// What a report needs of a recording: the process that matters most, and a word on the others.
struct ReportPage {
    let investigation: Investigation
    private let folder: String
    /// What the other processes' logs say of processes that could not be recorded.
    private let notRecorded: [String]

    init(folder: String, process: UInt32?, options: InvestigationOptions) throws(Failure) {
        let logs = try RecordedLogs(folder: folder)
        let (log, others) = try RecordedLogs.highest(logs.of(process: process))
        let summaries = process == nil ? logs.summaries : []
        self.folder = folder
        notRecorded = others.flatMap(\.notRecorded) + summaries.flatMap(\.notRecorded)
        var investigation = try log.investigate(options)
        try log.countBoundaries(for: &investigation)
        investigation.judgeAdvice(try log.rehearse(investigation, trials: investigation.advisedChanges))
        investigation.report.others = Self.list(others.filter { $0.log.process != log.process }, summaries)
        self.investigation = investigation
    }

    func text(_ style: TextStyle) -> String {
        ReportText(investigation, folder: folder, others: words, style: style).text
    }

    /// The highest peak of each process; one that called execve has a log for each program.
    private static func list(_ peaks: [Peak], _ summaries: [ProcessSummary]) -> [Report.Other] {
        let all = peaks.map(Report.Other.init) + summaries.map(Report.Other.init)
        var seen: Set<Int> = []
        // The sort is no stable one: equal peaks keep the order they came in.
        let byPeak = all.enumerated().sorted { ($1.element.peak, $0.offset) < ($0.element.peak, $1.offset) }
        return byPeak.map(\.element).filter { seen.insert($0.pid).inserted }
    }

    private var words: [String] {
        let others = investigation.report.others
        let named = others.prefix(3).map { other in
            let name = ProgramName.short(other.command) ?? "?"
            return "\(name) (pid \(other.pid), peak \(NumberText.count(other.peak)))"
        }
        let unseen = RepeatedSentence.list(notRecorded)
        let rest = unseen.dropFirst(3).reduce(0) { $0 + $1.count }
        return named + (others.count > 3 ? ["\(others.count - 3) more"] : []) + unseen.prefix(3).map(\.text)
            + (rest > 0 ? ["\(rest) more not recorded"] : [])
    }
}

extension Report.Other {
    fileprivate init(_ peak: Peak) {
        let facts = peak.log.facts
        self.init(pid: Int(facts.process), command: facts.command, peak: peak.vmas, isSummary: false)
    }

    fileprivate init(_ summary: ProcessSummary) {
        self.init(pid: Int(summary.process), command: summary.command, peak: summary.peak, isSummary: true)
    }
}
