import AddressSpace
import Analysis
import Reports
import TraceLog

/// Writes a rebuilt map to standard output.
struct MapWriter {
    let log: RecordedLog
    let includesOwn: Bool
    /// Names the owners; nil leaves them out.
    let namer: BacktraceNamer?
    /// The tracer had mapped nothing yet.
    private var isBeforeTracer = false
    /// Nor its tables, over a part of its library.
    private var isBeforeTables = false

    init(log: RecordedLog, includesOwn: Bool, namer: BacktraceNamer?) {
        self.log = log
        self.includesOwn = includesOwn
        self.namer = namer
    }

    /// - Parameter time: CLOCK_MONOTONIC nanoseconds; nil: the end.
    func write(at time: UInt64?) throws(Failure) {
        if let pass = try log.indexedPass(until: time) {
            guard pass.hasMap else { return try writeFirst(asked: time) }
            try write(pass.replay.space, pass.source.definitions, hasVsyscall: pass.hasVsyscall)
            return log.warn(ofDamage: pass.source.damageText)
        }
        var reader = try log.open()
        var observer = MapObserver()
        var replay = Replay(facts: reader.facts, until: time)
        if let inherited = try log.inheritance(into: &reader) { replay.inherit(inherited) }
        var source = ReadAhead(reader)
        let progress = ProgressLine()
        replay.run(&source, &observer) { progress.show($0) }
        progress.clear()
        guard observer.hasMap else { return try writeFirst(asked: time) }
        try write(replay.space, source.definitions, hasVsyscall: observer.hasVsyscall)
        log.warn(ofDamage: source.damageText)
    }

    /// The map of a child that has no log yet: what it got from the process whose log this is. False, and nothing is
    /// written, if other threads changed the map meanwhile and a later list of the child's tells better.
    func write(_ fork: Fork, of child: UInt32, hasLaterList: Bool) throws(Failure) -> Bool {
        var reader = try log.open()
        let map = try fork.map(&reader)
        guard map.isKnown else { throw Failure("\(log.path) holds no map of the instant of the fork") }
        if !map.isSettled && hasLaterList { return false }
        tell(
            "process \(child) had no log yet then: this is what process \(log.process) forked"
                + (map.isSettled ? "" : ", but other threads were changing it"))
        try write(map.space, reader.definitions, hasVsyscall: map.hasVsyscall)
        log.warn(ofDamage: reader.damageText)
        return true
    }

    /// Before the first list is complete the process is only starting: answers with that list, and says so.
    private func writeFirst(asked time: UInt64?) throws(Failure) {
        var reader = try log.open()
        while let entry = reader.next() {
            guard case .snapshot(let first) = entry else { continue }
            if let time, first.end > time {
                tell(
                    "process \(log.process) was only starting then: this is its map "
                        + "\((first.end - time + 500_000) / 1_000_000) ms later, the first that was recorded")
                var writer = self
                // A forked child has its parent's where it will map its own.
                let isForked = log.facts.parentLogPosition != nil
                writer.isBeforeTracer = time < log.facts.ownRangesTime && !isForked
                writer.isBeforeTables = time < log.facts.startTime && !isForked
                return try writer.write(at: first.end)
            }
            break
        }
        throw try Self.noMap(log)
    }

    /// Why there is no map, and what to do.
    static func noMap(_ log: RecordedLog) throws(Failure) -> Failure {
        var reader = try log.open()
        var holdsList = false
        while let entry = reader.next() {
            if case .snapshot = entry { holdsList = true }
        }
        let reason = reader.damageText.first.map { damage in
            "the log is damaged (\(damage.hasSuffix(".") ? String(damage.dropLast()) : damage)); record again"
        }
        let none =
            holdsList ? "use a later --at" : "if it is a flight recorder, record again with a larger one"
        return Failure(
            "\(log.path) holds no snapshot before that instant, so there is no map: \(reason ?? none)")
    }

    private func write(
        _ space: borrowing AddressSpace, _ definitions: Definitions, hasVsyscall: Bool
    ) throws(Failure) {
        var output = StandardOutput()
        var next: UInt64 = 0
        while var vma = space.vma(from: next) {
            if isBeforeTables { vma.end = endBeforeTables(of: vma, in: space) }
            if shows(vma) {
                try output.writeLine(space.mapsText(vma, definitions) + blame(vma, definitions))
            }
            next = vma.end
        }
        if hasVsyscall { try output.writeLine(Self.vsyscall) }
        try output.flush()
    }

    /// Where a VMA of the tracer's library ended, before the tracer put its tables into the midst of it.
    private func endBeforeTables(of vma: VMA, in space: borrowing AddressSpace) -> UInt64 {
        guard let library = log.facts.ownRanges.first, library.contains(vma.start), !vma.isShared,
            let tables = space.vma(from: vma.end), library.contains(tables.start), tables.isShared,
            let rest = space.vma(from: tables.end),
            rest.file == vma.file, rest.maps == vma.maps,
            rest.pgoff == vma.pgoff + (rest.start - vma.start) >> 12
        else { return vma.end }
        return rest.end
    }

    private func shows(_ vma: VMA) -> Bool {
        if isBeforeTracer && log.isOwnMapping(vma.start, vma.end) { return false }
        return includesOwn || !log.isOwn(vma.start, vma.end)
    }

    private static let vsyscall =
        "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]"

    private func blame(_ vma: VMA, _ definitions: Definitions) -> String {
        guard let namer else { return "" }
        return "\t" + OwnerText.sentence(vma.owner, frames: namer.frames(of: vma.owner.stack, definitions))
    }
}

/// Learns whether there was a list at all, and whether it ended with a [vsyscall] line.
struct MapObserver: ReplayObserver {
    var hasMap = false
    var hasVsyscall = false

    mutating func applied(_ call: Call, countBefore: Int, in space: borrowing AddressSpace) {}

    mutating func adopted(_ snapshot: Snapshot, _ comparison: Comparison, in space: borrowing AddressSpace) {
        hasMap = true
        hasVsyscall = snapshot.hasVsyscall
    }

    mutating func resumed(_ summary: FoldedSummary, in space: borrowing AddressSpace) {
        (hasMap, hasVsyscall) = (true, summary.hasVsyscall)
    }

    mutating func noticed(_ entry: LogEntry, in space: borrowing AddressSpace) {}
}
