import Analysis
import Dispatch
import Reports
import Symbols
import Synchronization
import TraceLog

/// One readable log of a recording.
struct RecordedLog {
    let path: String
    let facts: ProcessFacts
    /// The log of the process that forked this one, if it is here: none or one.
    let parents: [RecordedLog]

    var process: UInt32 { facts.process }

    /// Opens it for a pass.
    func open() throws(Failure) -> LogReader {
        let reader = try reader()
        if let part = reader.foldedPart, !FoldedSummary.isReadable(part, with: reader.definitions) {
            throw Failure(
                "\(path) was folded up by another version of mapfray, or its checkpoint is damaged")
        }
        return reader
    }

    private func reader() throws(Failure) -> LogReader {
        do throws(LogError) {
            return try LogReader(path: path)
        } catch {
            throw Failure(error.description)
        }
    }

    /// The one pass that answers everything but the map itself; tells of damage on standard error.
    func investigate(_ options: InvestigationOptions) throws(Failure) -> Investigation {
        // A limit is asked of every call, and a checkpoint counts by backtrace alone.
        if options.limit == nil, options.unit == .frame, var pass = try indexedPass(until: options.until) {
            warn(ofDamage: pass.source.damageText)
            return pass.investigation(options)
        }
        var reader = try open()
        let inherited = try inheritance(into: &reader)
        var source = ReadAhead(reader)
        let progress = ProgressLine()
        let investigation = source.investigate(options, inherited: inherited) { progress.show($0) }
        progress.clear()
        warn(ofDamage: source.damageText)
        return investigation
    }

    /// Holds every call against another limit.
    func tryLimit(_ limit: Int, symbols: SymbolizerOptions) throws(Failure) -> LimitTrial {
        var reader = try open()
        let inherited = try inheritance(into: &reader)
        var source = ReadAhead(reader)
        let progress = ProgressLine()
        let trial = source.tryLimit(limit, symbols: symbols, inherited: inherited) { progress.show($0) }
        progress.clear()
        warn(ofDamage: source.damageText)
        return trial
    }

    /// Replays with changes to the program.
    func rehearse(
        _ investigation: Investigation, changes: [RehearsalReport.Change], limit: Int? = nil,
        symbols: SymbolizerOptions? = nil, showsProgress: Bool = true
    ) throws(Failure) -> RehearsalReport {
        var reader = try open()
        let inherited = try inheritance(into: &reader)
        var source = ReadAhead(reader)
        let progress = showsProgress ? ProgressLine() : nil
        defer { progress?.clear() }
        return source.rehearse(
            investigation, changes: changes, limit: limit, symbols: symbols, inherited: inherited
        ) {
            progress?.show($0)
        }
    }

    /// Replays with the changes of each trial, all trials at once: each reads the whole log.
    func rehearse(_ investigation: Investigation, trials: [[RehearsalReport.Change]]) throws(Failure)
        -> [RehearsalReport]
    {
        let results = Mutex<[Int: Result<RehearsalReport, Failure>]>([:])
        DispatchQueue.concurrentPerform(iterations: trials.count) { place in
            let result = Result { () throws(Failure) in
                try rehearse(investigation, changes: trials[place], showsProgress: place == 0)
            }
            results.withLock { $0[place] = result }
        }
        let sorted = results.withLock { $0.sorted { $0.key < $1.key } }
        return try sorted.map { (_, result) throws(Failure) in try result.get() }
    }

    /// Adds to an investigation of this log why neighbours are not one VMA.
    func countBoundaries(for investigation: inout Investigation) throws(Failure) {
        var reader = try open()
        let inherited = try inheritance(into: &reader)
        var source = ReadAhead(reader)
        let progress = ProgressLine()
        source.countBoundaries(for: &investigation, inherited: inherited) { progress.show($0) }
        progress.clear()
    }

    /// Says in one sentence what is wrong with the log: the rest of it is still good.
    func warn(ofDamage damage: [String]) {
        guard let first = damage.first else { return }
        let sentence = first.hasSuffix(".") ? String(first.dropLast()) : first
        let more = damage.count > 1 ? " (and \(damage.count - 1) more)" : ""
        tell("warning: \(path) is damaged: \(sentence)\(more); what could be read is shown")
    }

    /// CLOCK_MONOTONIC nanoseconds of a moment; nil for the end.
    func time(of instant: Instant?) throws(Failure) -> UInt64? {
        switch instant {
        case nil, .end: return nil
        case .absolute(let time): return time
        case .seconds(let seconds): return try firstTime() &+ UInt64(seconds * 1e9)
        case .peak: return try investigate(InvestigationOptions(symbols: nil).withoutForecast).peakTime
        case .failure:
            guard let time = try investigate(InvestigationOptions(symbols: nil).withoutForecast).failureTime
            else {
                throw Failure("no call of process \(process) failed at a limit; use --at peak or --at end")
            }
            return time
        }
    }

    /// The same for who needs the map of that moment: where it was folded up, there is none.
    func toldTime(of instant: Instant?) throws(Failure) -> UInt64? {
        guard let time = try time(of: instant) else { return nil }
        guard let folded = facts.foldedTime, time < folded else { return time }
        let seconds = TimeText.span(Double(folded &- (facts.firstTime ?? folded)) / 1e9)
        throw Failure(
            "the log of process \(process) was kept within a size, and its first \(seconds) are folded up: choose a "
                + "later --at, or the whole with: mapfray report, sites, plot")
    }

    /// Whether the process had called execve by then; calls after it tell of one that failed.
    func hasExecuted(by time: UInt64) throws(Failure) -> Bool {
        var reader = try open()
        var isOver = false
        while let entry = reader.next() {
            switch entry {
            case .end(nil, let end) where end <= time: isOver = true
            case .call(let call) where call.begin <= time: isOver = false
            default: continue
            }
        }
        return isOver
    }

    /// When each call began, and its backtrace.
    func calls() throws(Failure) -> [(begin: UInt64, stack: StackID)] {
        var reader = try open()
        var calls: [(begin: UInt64, stack: StackID)] = []
        while let entry = reader.next() {
            if case .call(let call) = entry { calls.append((call.begin, call.stack)) }
        }
        return calls
    }

    /// When seconds begin to count: the first call or snapshot.
    func firstTime() throws(Failure) -> UInt64 {
        if let time = facts.firstTime { return time }
        var reader = try open()
        while let entry = reader.next() {
            switch entry {
            case .call(let call): return call.begin
            case .snapshot(let snapshot): return snapshot.begin
            default: continue
            }
        }
        return facts.startTime
    }

    /// Whether a VMA is one that the tracer mapped at its start: its own, but for its library.
    func isOwnMapping(_ start: UInt64, _ end: UInt64) -> Bool {
        facts.ownRanges.dropFirst().contains { $0.lowerBound <= start && end <= $0.upperBound }
    }

    /// Whether a VMA is the tracer's own.
    func isOwn(_ start: UInt64, _ end: UInt64) -> Bool {
        facts.ownRanges.contains { $0.lowerBound <= start && end <= $0.upperBound }
    }
}
