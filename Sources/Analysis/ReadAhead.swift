package import TraceLog

/// A log that is read on a second processor while what was read before is applied.
///
/// Entries come over in batches of a thousand, so that the two seldom wait for each other; what is asked of the log in
/// between is answered as of the end of the batch that is being given out.
package struct ReadAhead: ~Copyable, EntrySource {
    private let reading: BackgroundReading
    /// The batch that is being given out, and the one behind it, into which a replay looks ahead.
    private var batch: EntryBatch
    private var following: EntryBatch
    /// Of the batch's calls, the next to be given out.
    private var place = 0
    /// Of the batch's calls, the first that comes behind the next entry of another kind; their count if there is none.
    private var stop = 0
    /// Of the batch's other entries, the next to be given out.
    private var otherPlace = 0
    package private(set) var definitions: Definitions
    /// Whether the batch's place was taken, and the definitions before places that were not.
    private var isPlaceTaken = false
    private var passedDefinitions: [UInt8] = []

    /// Begins to read. The log must not be followed: what is asked for is waited for.
    package init(_ reader: consuming LogReader) { self.init(reader, places: nil) }

    /// - Parameter places: when to say where the reader is; nil: never.
    init(_ reader: consuming LogReader, places: ReadingPlaces?) {
        definitions = reader.definitions
        reading = BackgroundReading(reader, places: places)
        (batch, following) = reading.begin()
        learn()
    }

    deinit { reading.stop() }

    package var facts: ProcessFacts { batch.status.facts }
    package var fraction: Double { batch.status.fraction }
    package var lostRecords: Int { batch.status.lostRecords }
    package var damageText: [String] { batch.status.damageText }
    /// `LogReader.undecidedOrders`.
    package var undecidedOrders: Int { batch.status.undecidedOrders }

    package var isNearSnapshot: Bool { batch.isNearSnapshot }

    @inline(__always)
    package mutating func nextCall(_ call: inout Call) -> Bool {
        if place == stop && !advance() { return false }
        batch.prefetch(behind: place)
        call = batch[place]
        place &+= 1
        return true
    }

    package func plainCalls(endingBy time: UInt64, files: Int) -> Int {
        batch.isPlain(endingBy: time, files: files) ? stop &- place : 0
    }

    package mutating func next() -> LogEntry? {
        if place < stop || advance() {
            defer { place += 1 }
            return .call(batch[place])
        }
        guard otherPlace < batch.others.count else { return nil }
        defer { otherPlace += 1 }
        let entry = batch.others[otherPlace].entry
        stop = otherPlace + 1 < batch.others.count ? batch.others[otherPlace + 1].place : batch.count
        return entry
    }

    @inline(__always)
    package func address(ahead distance: Int) -> UInt64 {
        let index = place &+ distance
        return index < batch.count ? batch.address(index) : following.address(index &- batch.count)
    }

    /// The place behind the entry given out last, if there is one that was not taken before, at stream position `first` or
    /// behind; with the definitions of all places that were passed by.
    mutating func takePlace(from first: UInt64) -> ReadingPlace? {
        guard place == batch.count, otherPlace == batch.others.count, !isPlaceTaken,
            var found = batch.status.place, found.position >= first
        else { return nil }
        isPlaceTaken = true
        found.definitions = passedDefinitions + found.definitions
        passedDefinitions = []
        return found
    }

    /// Takes the next batch where this one is used up; whether a call comes next.
    private mutating func advance() -> Bool {
        while otherPlace == batch.others.count, place == batch.count, !batch.isLast {
            passBy()
            (batch, following) = reading.proceed(to: following)
            learn()
        }
        return place < stop
    }

    private mutating func passBy() {
        if !isPlaceTaken, let passed = batch.status.place { passedDefinitions += passed.definitions }
        isPlaceTaken = false
    }

    private mutating func learn() {
        (place, otherPlace) = (0, 0)
        stop = batch.others.first?.place ?? batch.count
        definitions.add(batch.status.additions)
    }
}
