import Analysis
import Reports
import Symbols
import TraceLog

/// One log, replayed while its process runs.
final class FollowedLog {
    let log: RecordedLog
    /// The process's number here.
    let process: UInt32
    private let symbols: SymbolizerOptions?
    private let makesCheckpoints: Bool
    private var replay: LiveReplay?
    private(set) var isRunning = true
    /// Whether there is more to read than one round takes.
    private(set) var isBehind = false
    /// Entries read between two looks at a log's size.
    private static let piece = 1 << 14
    /// How often a flight recorder overwrote what had not been read.
    private var overruns = 0
    private var lateCalls = 0

    /// - Parameter process: its number here, if it is another than the log's.
    init(
        _ log: RecordedLog, process: UInt32? = nil, makesCheckpoints: Bool = false,
        symbols: SymbolizerOptions?
    ) {
        self.log = log
        self.makesCheckpoints = makesCheckpoints
        self.process = process ?? log.process
        self.symbols = symbols
    }

    /// VMAs of the process, the tracer's own left out.
    var count: Int { replay?.count ?? 0 }

    /// The most VMAs so far as a share of the limit; nil while that is not known.
    var peakShare: Double? { replay?.peakShare }

    /// Whether there is a map to speak of.
    var hasMap: Bool { replay?.hasMap ?? false }

    /// Everything the log has told so far; nil before it has told of a map.
    func investigation() -> Investigation? {
        hasMap ? replay?.investigation() : nil
    }

    /// What a view shows of it; nil before there is a map.
    func status() -> LiveStatus? {
        investigation().map { LiveStatus($0, isRunning: isRunning, remarks: remarks) }
    }

    /// Reads what has come since the last time.
    /// - Throws: `Failure` if the log cannot be opened.
    func advance() throws(Failure) {
        guard isRunning else { return }
        // Looked at before the log is: then what it wrote as its last is read.
        let runs = ProcessLife.isRunning(process, since: log.facts.startTime)
        if replay == nil { try open() }
        replay?.advance(to: ProcessLife.now(), atMost: makesCheckpoints ? Self.piece : .max)
        isBehind = replay?.isBehind ?? false
        if replay?.isOverrun == true { try reopen() }
        lateCalls = replay?.lateCalls ?? 0
        if !runs && !isBehind { finish() }
    }

    /// The process has ended, or goes on in a newer log after execve: reads the rest.
    func finish() {
        guard isRunning else { return }
        replay?.finish()
        isRunning = false
    }

    /// What a reader of the counts must know, in sentences.
    var remarks: [String] {
        var remarks: [String] = []
        if overruns > 0 {
            remarks.append(
                "The flight recorder overwrote records before they were read (\(overruns) times); the view began anew."
            )
        }
        if lateCalls > 0 {
            remarks.append("\(lateCalls) calls were written late; the count may be off by as many for now.")
        }
        return remarks
    }

    private func open() throws(Failure) {
        var reader = try log.open()
        // Before that is written nobody knows which VMAs are the tracer's own.
        guard !reader.facts.ownRanges.isEmpty else { return }
        let inherited = try log.inheritance(into: &reader)
        replay = LiveReplay(reader, inherited: inherited, symbols: symbols)
        if makesCheckpoints { replay?.prepareCheckpoints() }
    }

    /// Where the log's parts lie; nil before it is read.
    var extent: LogExtent? { replay?.extent }

    /// How far it is written by now; nil before it is read.
    var latestHead: UInt64? { replay?.latestHead }

    /// All that was learned so far, and the place before which the records are not needed then; nil where the log
    /// cannot be cut at present.
    func makeCheckpoint() -> (checkpoint: Checkpoint, folded: UInt64)? {
        guard let checkpoint = replay?.checkpoint(), let folded = replay?.folded(by: checkpoint) else {
            return nil
        }
        return (checkpoint, folded)
    }

    /// What forked children got that may rest on this log.
    var births: [Birth] { replay?.births ?? [] }

    func forgetBirth(of process: UInt32) { replay?.forgetBirth(of: process) }

    private func reopen() throws(Failure) {
        overruns += 1
        try open()
        replay?.advance(to: ProcessLife.now())
    }
}
