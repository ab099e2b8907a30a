import AddressSpace
import Analysis
import TraceLog

/// A fork, as the parent's log tells of it.
struct Fork {
    let parent: RecordedLog
    /// CLOCK_MONOTONIC nanoseconds: the child came about between the two.
    let time: UInt64
    let end: UInt64
    /// Whether the child has called execve since, before it had a log of its own.
    let isOver: Bool

    /// What the child got, if the parent's log has been folded up since.
    private let birth: Birth?

    /// The latest fork of `child` in this log that had begun by `limit`.
    init?(of child: UInt32, by limit: UInt64, in parent: RecordedLog) throws(Failure) {
        var reader = try parent.open()
        let birth = reader.isFolded ? BirthFile.latest(of: child, by: limit, in: parent.path) : nil
        var found = birth.map { (time: $0.begin, end: $0.end, isOver: false) }
        while let entry = reader.next() {
            switch entry {
            case .child(child, let time, let end) where time <= limit: found = (time, end, false)
            case .childExecutes(child, let time) where time <= limit: found?.isOver = true
            default: continue
            }
        }
        guard let found else { return nil }
        self.parent = parent
        (time, end, isOver) = found
        self.birth = birth?.begin == found.time ? birth : nil
    }

    /// The map that the child was born with; `reader` is the parent's.
    func map(_ reader: inout LogReader) throws(Failure) -> ForkedMap {
        if let birth { return try map(birth, &reader) }
        var observer = MapObserver()
        var replay = Replay(facts: parent.facts, until: time)
        if let inherited = try parent.inheritance(into: &reader) { replay.inherit(inherited) }
        replay.run(&reader, &observer)
        let isSettled = replay.isSettled(to: end, in: &reader)
        return ForkedMap(
            space: replay.space.forked(), isKnown: observer.hasMap, isSettled: isSettled,
            hasVsyscall: observer.hasVsyscall)
    }
}

extension Fork {
    /// The rest of the parent's log may still tell of a call that went on during the fork.
    private func map(_ birth: Birth, _ reader: inout LogReader) throws(Failure) -> ForkedMap {
        guard let space = birth.space(KernelRules(reader.facts)) else {
            throw Failure(
                "what process \(birth.process) was born with was folded up and cannot be read any more")
        }
        var isSettled = birth.isSettled
        for _ in 0..<Replay.longestOverlap {
            guard isSettled, let entry = reader.next() else { break }
            if case .call(let call) = entry, call.begin <= birth.end { isSettled = call.end <= birth.begin }
        }
        return ForkedMap(
            space: space, isKnown: birth.isKnown, isSettled: isSettled, hasVsyscall: birth.hasVsyscall)
    }
}

/// What a child got from its parent.
struct ForkedMap: ~Copyable {
    let space: AddressSpace
    /// Whether the parent's log has a map of that instant at all.
    let isKnown: Bool
    /// Whether no other thread of the parent was changing the map meanwhile.
    let isSettled: Bool
    let hasVsyscall: Bool
}

extension RecordedLog {
    /// What the process was born with, if it was forked by one that has a log here; nil also where other threads of the
    /// parent changed its map during the fork, so that nobody can say what the child got.
    /// - Parameter reader: this log's, before its first entry; it is opened anew, to know what the parent's log defines.
    func inheritance(into reader: inout LogReader) throws(Failure) -> AddressSpace? {
        guard reader.goesBackToBeginning else { return nil }
        guard let parent = parents.first, let fork = try Fork(of: process, by: facts.startTime, in: parent)
        else {
            return nil
        }
        var parentReader = try parent.open()
        let map = try fork.map(&parentReader)
        guard map.isKnown && map.isSettled else { return nil }
        do throws(LogError) {
            reader = try LogReader(path: path, inheritingFrom: parentReader)
        } catch {
            throw Failure(error.description)
        }
        return map.space.copy()
    }
}

extension RecordedLogs {
    /// The fork that a process came from, if at that instant it still had the map it was born with.
    func fork(of process: UInt32, before time: UInt64) throws(Failure) -> Fork? {
        if logs.contains(where: { $0.process == process && $0.facts.ownRangesTime <= time }) { return nil }
        var latest: Fork?
        for log in logs where log.facts.startTime <= time {
            guard let fork = try Fork(of: process, by: time, in: log) else { continue }
            if fork.time >= latest?.time ?? 0 { latest = fork }
        }
        return latest.flatMap { $0.isOver ? nil : $0 }
    }
}
