import Dispatch
import Synchronization
import TraceLog

/// A reader at work on a processor of its own, and the batches that go round between it and the replay.
///
/// Of each batch either the reader or the replay has hold; the semaphores hand them over.
final class BackgroundReading: @unchecked Sendable {
    private static let batches = 32

    private var reader: LogReader
    private var known: Definitions.Extent
    private var places: ReadingPlaces?
    /// Batches in the order in which they are filled; the replay's places and the reader's come around in turn.
    private var ring: [EntryBatch] = []
    private let free = DispatchSemaphore(value: 0)
    private let filled = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)
    private let isStopped = Atomic(false)
    private var taken = 0
    /// Batches that the reader may have back: several at a time, for it sleeps until then, and to wake it is dear.
    private var usedUp = 0

    init(_ reader: consuming LogReader, places: ReadingPlaces?) {
        known = reader.definitions.extent
        self.places = places
        self.reader = reader
    }

    /// Starts the reading, and returns the first two batches; the second is the first again if the log ends with that.
    func begin() -> (EntryBatch, EntryBatch) {
        for _ in 0..<Self.batches { ring.append(EntryBatch(EntryBatch.Status(reader, since: known))) }
        for _ in 0..<Self.batches { free.signal() }
        DispatchQueue(label: "mapfray.reading").async { self.read() }
        filled.wait()
        return (ring[0], behind(ring[0]))
    }

    /// Takes back the batch before `following`, which is used up; that one, and the next.
    func proceed(to following: EntryBatch) -> (EntryBatch, EntryBatch) {
        usedUp += 1
        if usedUp == Self.batches / 2 {
            for _ in 0..<usedUp { free.signal() }
            usedUp = 0
        }
        return (following, behind(following))
    }

    /// The batch that follows the latest taken.
    private func behind(_ batch: EntryBatch) -> EntryBatch {
        if batch.isLast { return batch }
        filled.wait()
        taken = (taken + 1) % Self.batches
        return ring[taken]
    }

    /// Ends the reading, wherever it is.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        free.signal()
        ended.wait()
    }

    private func read() {
        var place = 0
        var isLast = false
        while !isLast {
            free.wait()
            if isStopped.load(ordering: .relaxed) { break }
            ring[place].fill(from: &reader, known: &known, places: &places)
            isLast = ring[place].isLast
            place = (place + 1) % Self.batches
            filled.signal()
        }
        ended.signal()
    }
}
