/// Brings what the threads wrote into the order in which the kernel did it.
///
/// The log is in the order in which records were reserved, after each call returned. Entries leave here by
/// the time they ended, through a window of bounded size: what arrives later than a whole window is late for
/// good.
///
/// The kernel acted between a call's `begin` and its `end`. Calls that do not overlap in time are ordered by
/// that; for calls that do, the end alone may lie, because a thread can lose the processor between the
/// kernel's act and its clock. What the kernel answered then decides (see `mustPrecede`):
///
/// 1. A call that took addresses which had to be free (mmap where the kernel chose or MAP_FIXED_NOREPLACE,
///    mremap that moved or grew, brk upwards, shmat, io_setup) comes after the call that released them
///    (munmap, mremap that moved or shrank, brk downwards, shmdt, io_destroy). Nobody can have released the
///    new mapping already: its address was not known to any other thread before the call returned.
/// 2. A call that fails where something is not mapped (mprotect, madvise, mlock, munlock, mremap's old range,
///    PR_SET_VMA) and did not fail comes before the call that released those addresses.
/// 3. Such a call that failed with ENOMEM comes after the release. It may have failed for the map limit
///    instead; then the order of the two does not show.
///
/// 4. Of two calls that give rights to the same addresses (mmap with MAP_FIXED, mprotect) the one after which the
///    kernel showed the other's rights there comes first. So does one of two mappings after which the memory was
///    private or shared as the other made it, whatever mprotect has made of its rights since. Of several that may have
///    done what the kernel showed, the last is taken.
///
/// 5. A call that stood still comes before those over the same addresses that began long after it, if no rule above says
///    otherwise: the kernel changes the map first, what takes long is pages. Not where one of them took addresses that
///    had to be free: it may have waited for a third that released them.
///
/// A call drawn forward by a rule acted before the call that drew it: from then on its `end` counts as that
/// one's. Nothing decides between two calls that replace or change the same mapping and of which the kernel was not
/// asked (munmap against MAP_FIXED): either order has the same answers, so the end decides, and `undecided` counts them.
/// The tracer lets such calls pass one after the other, so that their times decide (preload/tracer/turns.h).
struct CallSequencer: ~Copyable {
    /// Entries held back: as many as four busy threads write while a fifth waits for a processor for tens of
    /// milliseconds.
    static let window = 1 << 14

    /// An entry in line.
    struct Place: BitwiseCopyable {
        /// Until when the kernel must have acted.
        var latest: UInt64
        var begin: UInt64
        /// Of `calls`; with `isOther` an index into `others`.
        var slot: Int32
        var roles: Roles
        var isOther: Bool
        /// Where the call works (`Call.workplace`).
        var address: UInt64 = 0
    }

    /// Which parts of a call's effect are not empty.
    struct Roles: OptionSet, BitwiseCopyable {
        let rawValue: UInt8
        static let claims = Roles(rawValue: 1)
        static let releases = Roles(rawValue: 2)
        static let needs = Roles(rawValue: 4)
        static let misses = Roles(rawValue: 8)
        static let marks = Roles(rawValue: 16)
        /// Not found yet: most calls overlap no other in time, so that nobody asks.
        static let unknown = Roles(rawValue: 32)
        /// It took long.
        static let stands = Roles(rawValue: 64)

        init(rawValue: UInt8) { self.rawValue = rawValue }

        init(_ effect: CallEffect) {
            self = []
            if !effect.claimed.isEmpty { insert(.claims) }
            if !effect.released.isEmpty { insert(.releases) }
            if !effect.needed.isEmpty { insert(.needs) }
            if !effect.missed.isEmpty { insert(.misses) }
            if !effect.marked.isEmpty { insert(.marks) }
        }

        /// What another call must have for a rule to put one with these roles before it.
        var counterparts: Roles {
            var result: Roles = []
            if contains(.releases) { result.formUnion([.claims, .misses]) }
            if contains(.needs) { result.insert(.releases) }
            if contains(.marks) { result.insert(.marks) }
            if contains(.stands) { result.formUnion([.releases, .needs, .misses, .marks]) }
            return result
        }
    }

    /// What comes with a call (observations of the kernel behind the first) is taken up beyond the capacity.
    static let mostFollowing = 512

    /// One entry that draws more than these forward, directly or not, comes from a log that contradicts
    /// itself.
    private static let mostMoves = 16

    private(set) var line: Line<Place>
    private(set) var calls: CallSlots
    private var others: [LogEntry?] = []
    private var freeOthers: [Int32] = []
    private(set) var effectsOfCalls: CallEffects
    private(set) var reach: CallReach
    /// Pairs of calls of different threads over the same addresses whose order nothing decides.
    private(set) var undecided = 0
    /// A thread of the log, and whether there is another.
    private var firstThread: UInt32?
    private var hasThreads = false
    private var longCalls = LongCalls()
    private let capacity: Int
    let pageSize: UInt64

    init(pageSize: UInt64, capacity: Int = Self.window, effects: CallEffects? = nil) {
        self.capacity = max(1, capacity)
        self.pageSize = pageSize
        effectsOfCalls = effects ?? CallEffects(pageSize: pageSize)
        reach = CallReach(pageSize: pageSize, lastBreak: effects?.lastBreak ?? 0)
        line = Line(capacity: self.capacity + Self.mostFollowing + 1)
        calls = CallSlots(capacity: line.capacity)
    }

    var count: Int { line.count }
    var isFull: Bool { line.count >= capacity }

    /// Until when the kernel must have acted for the entry that comes first, and whether it is anything but a call.
    var first: (latest: UInt64, isOther: Bool)? { line.count == 0 ? nil : (line[0].latest, line[0].isOther) }

    /// Entries that are no calls.
    var otherCount: Int { others.count - freeOthers.count }

    /// Takes up a call; `isFull` must be false.
    mutating func insert(_ call: Call) {
        vacant = call
        insertVacant()
    }

    /// Room for the call that `insertVacant` takes up; `isFull` must be false.
    var vacant: Call {
        @inline(__always) _read { yield calls.vacant }
        @inline(__always) _modify { yield &calls.vacant }
    }

    /// Takes up the call that was put into `vacant`.
    @inline(__always)
    mutating func insertVacant() {
        let slot = calls.takeVacant()
        latestSlot = slot
        noteThread(slot)
        let place = Place(
            latest: calls[slot].end, begin: calls[slot].begin, slot: slot, roles: .unknown, isOther: false,
            address: calls[slot].workplace)
        // What earlier calls did counts for the effect of this one: found in the order of reading.
        if CallEffects.remembers(calls[slot].kind) { return insert(known(place)) }
        insert(place)
    }

    @inline(__always)
    private mutating func insert(_ place: Place) {
        if line.count == 0 || line[line.count &- 1].latest <= place.begin { return line.append(place) }
        insertOverlapping(place)
    }

    private mutating func insertOverlapping(_ place: Place) {
        var moves = Self.mostMoves
        settle(line.insert(place) { $0.latest > place.latest }, moves: &moves)
        if hasThreads { undecided += countUndecided(place.slot) }
    }

    private mutating func known(_ place: Place) -> Place {
        var place = place
        know(&place)
        return place
    }

    private mutating func know(_ place: inout Place) {
        if !place.roles.contains(.unknown) || place.isOther { return }
        let effect = effectsOfCalls.effect(of: calls[place.slot])
        calls.setEffect(place.slot, effect)
        place.roles = Roles(effect)
        if calls[place.slot].stoodStill { place.roles.insert(.stands) }
    }

    mutating func know(at index: Int) {
        if line[index].roles.contains(.unknown) {
            var place = line[index]
            know(&place)
            line[index] = place
        }
    }

    /// Takes up anything else at the time it ended; `isFull` must be false, or have been before the call it came with.
    /// - Parameter asked: when the kernel was asked for what comes with a call, if others may have gone into it.
    mutating func insert(_ entry: LogEntry, time: UInt64, asked: UInt64? = nil) {
        let place = Place(latest: time, begin: asked ?? time, slot: store(entry), roles: [], isOther: true)
        latestSlot = ~place.slot
        _ = line.insert(place) { $0.latest > place.latest }
    }

    /// The entry that comes first, and the slot it had, below 0 if it is no call; nil if there is none.
    mutating func pop() -> (entry: LogEntry, slot: Int32)? {
        guard let place = line.removeFirst() else { return nil }
        if place.isOther { return popOther(place) }
        return (.call(release(place.slot)), place.slot)
    }

    /// Takes the entry that comes first if it is a call; its slot, nil if it is none.
    @inline(__always)
    mutating func popCall(_ call: inout Call) -> Int32? {
        guard line.count > 0, !line[0].isOther, let place = line.removeFirst() else { return nil }
        call = release(place.slot)
        return place.slot
    }

    /// Takes note of a call that comes out, and gives its slot back.
    @inline(__always)
    private mutating func release(_ slot: Int32) -> Call {
        calls.remove(slot)
        if CallReach.remembers(calls[slot].kind) { reach.note(calls[slot]) }
        if LongCalls.contain(calls[slot]) { longCalls.remove(calls[slot], slot: slot) }
        return calls[slot]
    }

    /// Where the call works that is `distance` places behind the next one; 0 if there is none.
    @inline(__always)
    func address(ahead distance: Int) -> UInt64 { distance < line.count ? line[distance].address : 0 }

    /// The slot that the latest inserted entry took, below 0 if it is no call.
    private(set) var latestSlot: Int32 = 0

    /// When the earliest snapshot in line began.
    var earliestSnapshot: UInt64? {
        var earliest: UInt64?
        for case .snapshot(let snapshot)? in others {
            earliest = min(earliest ?? snapshot.begin, snapshot.begin)
        }
        return earliest
    }

    /// What the entries in line name.
    var files: Set<FileID> {
        var files: Set<FileID> = []
        for index in 0..<line.count {
            let place = line[index]
            if !place.isOther {
                files.insert(calls[place.slot].file)
            } else if case .snapshot(let snapshot)? = others[Int(place.slot)] {
                files.formUnion(snapshot.vmas.lazy.map(\.file))
            }
        }
        return files
    }
}

// MARK: - Storage

extension CallSequencer {
    private mutating func store(_ entry: LogEntry) -> Int32 {
        if let slot = freeOthers.popLast() {
            others[Int(slot)] = entry
            return slot
        }
        others.append(entry)
        return Int32(others.count - 1)
    }

    private mutating func popOther(_ place: Place) -> (LogEntry, Int32)? {
        let entry = others[Int(place.slot)]
        others[Int(place.slot)] = nil
        freeOthers.append(place.slot)
        if place.begin > place.latest, case .observed(let range, _, let time)? = entry {
            return (
                .observed(range, unsettled: unsettled(near: range, by: place.begin), time: time), ~place.slot
            )
        }
        return entry.map { ($0, ~place.slot) }
    }
}

// MARK: - Order

extension CallSequencer {
    /// Moves the entry at `index` before those it must precede, and before it those that must precede it.
    private mutating func settle(_ index: Int, moves: inout Int) {
        know(at: index)
        var current = drawForward(index)
        let place = line[current]
        if place.roles.isDisjoint(with: [.claims, .misses, .releases, .marks]) && !longCalls.hasStanding {
            return
        }
        var later = current + 1
        while later < line.count && moves > 0 {
            if line[later].begin < place.latest && mustPrecede(later, current) {
                moves -= 1
                draw(later, before: current, moves: &moves)
                while line[current].slot != place.slot || line[current].isOther { current += 1 }
            }
            later += 1
        }
    }

    private mutating func draw(_ later: Int, before current: Int, moves: inout Int) {
        line[later].latest = min(line[later].latest, line[current].latest)
        line.move(from: later, to: current)
        settle(current, moves: &moves)
    }

    /// Moves the entry before the earliest call that it must precede; the place it has then.
    private mutating func drawForward(_ index: Int) -> Int {
        let place = line[index]
        if place.roles.counterparts.isEmpty { return index }
        var target = index
        var earlier = index - 1
        // In line by `latest`: behind the first that was over when this one began, all others were as well.
        while earlier >= 0, line[earlier].latest > place.begin {
            if mustPrecede(index, earlier) { target = earlier }
            earlier -= 1
        }
        if target == index { return index }
        line[index].latest = line[target].latest
        line.move(from: index, to: target)
        return target
    }

    /// Whether of two calls that overlap in time `first` acted before `second`.
    mutating func mustPrecede(_ first: Int, _ second: Int) -> Bool {
        know(at: first)
        know(at: second)
        if line[first].roles.counterparts.isDisjoint(with: line[second].roles) { return false }
        return isProven(first, second)
            || line[first].roles.contains(.stands) && stood(first, second) && !isProven(second, first)
    }

    /// By their answers.
    private mutating func isProven(_ first: Int, _ second: Int) -> Bool {
        let (a, b) = (calls.effect(line[first].slot), calls.effect(line[second].slot))
        return a.released.overlaps(b.claimed) || a.released.overlaps(b.missed)
            || a.needed.overlaps(b.released) || saw(first, second)
    }

    /// Whether the first had changed the map for sure before the second began to.
    private func stood(_ first: Int, _ second: Int) -> Bool {
        if line[first].roles.union(line[second].roles).contains(.claims) { return false }
        let (a, b) = (calls[line[first].slot], calls[line[second].slot])
        return a.begin &+ Call.standstill < b.begin && a.thread != b.thread
            && touched(by: a).overlaps(touched(by: b))
    }

    /// Whether what the kernel showed after one call is the work of another, and of none behind that in line.
    private mutating func saw(_ first: Int, _ second: Int) -> Bool {
        let evidence = shown(first, second)
        if evidence.isEmpty { return false }
        let time = calls[line[first].slot].observedTime
        var rest = evidence
        for later in second + 1..<line.count where later != first && line[later].begin < time {
            rest.subtract(shown(first, later))
        }
        return !rest.isEmpty
    }

    private mutating func shown(_ first: Int, _ second: Int) -> CallEffect.Evidence {
        know(at: first)
        know(at: second)
        guard line[first].roles.intersection(line[second].roles).contains(.marks) else { return [] }
        return calls.effect(line[first].slot).shows(calls.effect(line[second].slot))
    }
}

// MARK: - Calls of other threads

extension CallSequencer {
    @inline(__always)
    private mutating func noteThread(_ slot: Int32) {
        let thread = calls[slot].thread
        if firstThread == nil { firstThread = thread }
        if thread != firstThread { hasThreads = true }
        if LongCalls.contain(calls[slot]) { longCalls.insert(calls[slot], slot: slot) }
    }

    /// Where calls of other threads, none of which has come out yet, may have moved boundaries of VMAs when the kernel was
    /// asked after a call that just came out.
    func unsettled(atObservationOf call: Call) -> [Range<UInt64>] {
        unsettled(near: call.observedStart..<call.observedEnd, by: call.observedTime, besides: call.thread)
    }

    private func unsettled(
        near range: Range<UInt64>, by time: UInt64, besides thread: UInt32? = nil
    ) -> [Range<UInt64>] {
        guard hasThreads else { return [] }
        let near = (range.lowerBound > 0 ? range.lowerBound - 1 : 0)..<range.upperBound &+ 1
        var ranges: [Range<UInt64>] = []
        var index = 0
        while index < line.count, line[index].latest <= time &+ LongCalls.least {
            let place = line[index]
            if !place.isOther, place.begin < time { add(place.slot, near, besides: thread, to: &ranges) }
            index += 1
        }
        longCalls.forEach(begunBefore: time) { add($0, near, besides: thread, to: &ranges) }
        return ranges
    }

    private func add(
        _ slot: Int32, _ near: Range<UInt64>, besides thread: UInt32?, to ranges: inout [Range<UInt64>]
    ) {
        let other = calls[slot]
        if other.thread == thread { return }
        let (first, second) = reach.boundaries(of: other)
        if first.overlaps(near) { ranges.append(first) }
        if second.overlaps(near) { ranges.append(second) }
    }
}
