package import AddressSpace
package import TraceLog

/// What a log knows of one address at an instant: the VMA there, its neighbours, and the calls that shaped it.
package struct Explanation: Sendable {
    /// A neighbour and what keeps it apart.
    package struct Neighbour: Sendable {
        package var vma: VMA
        package var obstacles: [MergeObstacle]
        /// Who last freed the hole between the two.
        package var holeMaker: ReleaseTable.Release?
    }

    /// The VMA that holds the address; nil in a hole.
    package var vma: VMA?
    package var previous: Neighbour?
    package var next: Neighbour?
    /// Who last freed the hole that the address lies in.
    package var holeMaker: ReleaseTable.Release?
    /// The calls that worked on any part of the VMA since it was last mapped as a whole: the first and the latest.
    package var calls: [Call] = []
    /// Calls between these that were left out.
    package var omitted = 0
    /// Whether the log holds a map of that instant at all.
    package var hasMap: Bool { vma != nil || previous != nil || next != nil }
    /// What /proc/PID/maps would say of it and of its neighbours.
    package var lines: [UInt64: String] = [:]
    /// What all this refers to by number.
    package private(set) var definitions = Definitions()
    /// What is wrong with the log, in words, as far as it was read.
    package private(set) var damage: [String] = []

    /// - Parameter open: gives the log from its beginning, for each of two passes, and what a forked child got from its
    ///   parent.
    /// - Parameter until: CLOCK_MONOTONIC nanoseconds; nil: the end.
    package static func of<Source: EntrySource & ~Copyable, Problem: Error>(
        _ address: UInt64, until: UInt64?, open: (inout AddressSpace?) throws(Problem) -> Source
    ) throws(Problem) -> Explanation {
        var inherited: AddressSpace?
        var source = try open(&inherited)
        var watch = ReleaseWatch(pageSize: source.facts.pageSize)
        var replay = Replay(facts: source.facts, until: until)
        if let space = inherited.take() { replay.inherit(space) }
        replay.run(&source, &watch)
        var result = Explanation(address, replay.space, watch.table)
        result.describe(replay.space, source)
        guard let vma = result.vma else { return result }
        var history = CallHistory(range: vma.start..<vma.end, pageSize: source.facts.pageSize)
        source = try open(&inherited)
        replay = Replay(facts: source.facts, until: until)
        if let space = inherited.take() { replay.inherit(space) }
        replay.run(&source, &history)
        (result.calls, result.omitted) = history.result
        return result
    }

    private init(_ address: UInt64, _ space: borrowing AddressSpace, _ releases: ReleaseTable) {
        vma = space.vma(containing: address)
        let before = space.vma(before: address)
        let after = space.vma(from: vma?.end ?? address)
        guard let vma else {
            previous = before.map { Neighbour(vma: $0, obstacles: []) }
            next = after.map { Neighbour(vma: $0, obstacles: []) }
            if let before, let after { holeMaker = releases.maker(ofHole: before.end..<after.start) }
            return
        }
        previous = before.map { Self.neighbour($0, $0, vma, space, releases) }
        next = after.map { Self.neighbour($0, vma, $0, space, releases) }
    }

    private static func neighbour(
        _ neighbour: VMA, _ left: VMA, _ right: VMA, _ space: borrowing AddressSpace, _ releases: ReleaseTable
    ) -> Neighbour {
        Neighbour(
            vma: neighbour, obstacles: space.obstacles(between: left, and: right),
            holeMaker: left.end < right.start ? releases.maker(ofHole: left.end..<right.start) : nil)
    }

    private mutating func describe<Source: EntrySource & ~Copyable>(
        _ space: borrowing AddressSpace, _ source: borrowing Source
    ) {
        definitions = source.definitions
        damage = source.damageText
        for vma in [vma, previous?.vma, next?.vma] {
            if let vma { lines[vma.start] = space.mapsText(vma, definitions) }
        }
    }
}

extension AddressSpace {
    /// The VMA that holds the address or follows it.
    package func vma(from address: UInt64) -> VMA? {
        var found: VMA?
        forEach(from: address) { vma in
            found = vma
            return false
        }
        return found
    }
}

/// Remembers who freed what.
private struct ReleaseWatch: ReplayObserver {
    var table: ReleaseTable

    init(pageSize: UInt64) { table = ReleaseTable(pageSize: pageSize) }

    mutating func applied(_ call: Call, countBefore: Int, in space: borrowing AddressSpace) {
        table.note(call)
    }
    mutating func adopted(_ snapshot: Snapshot, _ comparison: Comparison, in space: borrowing AddressSpace) {}
    mutating func noticed(_ entry: LogEntry, in space: borrowing AddressSpace) {}
}

/// The calls that worked on a range since it was last mapped or unmapped as a whole, in bounded memory.
private struct CallHistory: ReplayObserver {
    private static let kept = 8

    let range: Range<UInt64>
    let pageSize: UInt64
    private var first: [Call] = []
    private var latest: [Call] = []
    private var omitted = 0

    init(range: Range<UInt64>, pageSize: UInt64) {
        self.range = range
        self.pageSize = pageSize
    }

    var result: (calls: [Call], omitted: Int) { (first + latest, omitted) }

    mutating func applied(_ call: Call, countBefore: Int, in space: borrowing AddressSpace) {
        guard let touched = call.range(pageSize: pageSize) else { return }
        guard touched.overlaps(range) || cutsAtEdge(touched, space.changes) else { return }
        if renews(call, touched) { (first, latest, omitted) = ([], [], 0) }
        if call.kind == .munmap, call.succeeded, !leavesAny(touched) { return }
        if first.count < Self.kept {
            first.append(call)
        } else {
            latest.append(call)
            if latest.count > Self.kept {
                latest.removeFirst()
                omitted += 1
            }
        }
    }

    /// What was there before such a call is gone.
    private func renews(_ call: Call, _ touched: Range<UInt64>) -> Bool {
        call.succeeded && !leavesAny(touched)
            && [.mmap, .munmap, .mremap, .mapShadowStack].contains(call.kind)
    }

    /// Whether a call on what lies beside the range made it a VMA of its own.
    private func cutsAtEdge(_ touched: Range<UInt64>, _ changes: ChangeList) -> Bool {
        (touched.upperBound == range.lowerBound || touched.lowerBound == range.upperBound)
            && changes.contains { $0.kind == .appeared && $0.owner.cause == .split }
    }

    private func leavesAny(_ touched: Range<UInt64>) -> Bool {
        touched.lowerBound > range.lowerBound || touched.upperBound < range.upperBound
    }

    mutating func adopted(_ snapshot: Snapshot, _ comparison: Comparison, in space: borrowing AddressSpace) {}
    mutating func noticed(_ entry: LogEntry, in space: borrowing AddressSpace) {}
}
