import AddressSpace
import TraceLog

/// What each backtrace, thread or file did and holds, in arrays indexed by its slot.
struct SiteTable: Codable {
    private static let lifetimeClasses = 32
    private static let features = CallFeature.allCases.count

    private(set) var slots: SlotMap
    private(set) var rows = SiteRows(count: SlotMap.Special.allCases.count)
    /// Per row: VMAs that vanished after up to 4 to the power of the place, nanoseconds.
    private var lifetimes = SparseCounts(zeros: SlotMap.Special.allCases.count * lifetimeClasses)
    /// Per row: VMAs made by calls of each feature.
    private var made = SparseCounts(zeros: SlotMap.Special.allCases.count * features)
    private(set) var history = SiteHistory()
    /// The number of the highest peak so far; rows begin as saved at none.
    private var peak: UInt32 = 1

    init(unit: SiteUnit = .frame) { slots = SlotMap(unit) }

    /// A call was made from here, whatever it did.
    mutating func called(_ call: Call) {
        let slot = slots.slot(of: call)
        reach(slot)
        rows[slot].calls &+= 1
        if !call.succeeded { rows[slot].failed &+= 1 }
        if rows[slot].firstTime == 0 { rows[slot].firstTime = call.begin }
        rows[slot].lastTime = call.end
    }

    /// A VMA appeared or vanished, or was named.
    mutating func changed(_ change: Change, by call: Call?, at time: UInt64) {
        if history.isOver(at: time) { history.advance(to: time) { [rows] in rows[$0].live } }
        let slot = slots.slot(of: change.owner, change.file)
        touch(slot)
        switch change.kind {
        case .appeared: appeared(slot, change, call, time)
        case .vanished: vanished(slot, change, time)
        case .named: named(slot, change)
        }
    }

    /// Puts right what was counted for another file.
    private mutating func named(_ slot: Int, _ change: Change) {
        let old = slots.slot(of: change.owner, change.oldFile)
        guard old != slot else { return }
        touch(old)
        rows[old].live &-= 1
        rows[old].created &-= 1
        rows[slot].live &+= 1
        rows[slot].created &+= 1
        guard change.owner.cause == .split else { return }
        rows[old].split &-= 1
        rows[slot].split &+= 1
    }

    /// After a checkpoint, which counts by backtrace: the VMAs that live, by another unit.
    mutating func regroup(by unit: SiteUnit, in space: borrowing AddressSpace, at time: UInt64) {
        if unit.isByStack {
            slots = slots.renamed(unit)
            return
        }
        self = SiteTable(unit: unit)
        history.advance(to: time) { _ in 0 }
        space.forEach { vma in
            let slot = slots.slot(of: vma.owner, vma.file)
            touch(slot)
            rows[slot].live &+= 1
            rows[slot].created &+= 1
            return true
        }
    }

    /// From now on `peakCount` speaks of this instant.
    mutating func markPeak() { peak &+= 1 }

    mutating func finish() { history.close { [rows] in rows[$0].live } }

    /// VMAs that the slot held at the highest peak.
    func peakCount(_ slot: Int) -> Int {
        Int(rows[slot].peak == peak ? rows[slot].atPeak : rows[slot].live)
    }

    /// VMAs made from here by calls of each feature.
    func madeBy(_ slot: Int) -> [CallFeature: Int] {
        var result: [CallFeature: Int] = [:]
        for feature in CallFeature.allCases {
            let count = made[slot * Self.features + feature.rawValue]
            if count > 0 { result[feature] = Int(count) }
        }
        return result
    }

    /// Of VMAs that vanished: how many lived up to 4 to the power of the place, nanoseconds.
    func lifetimeHistogram(_ slot: Int) -> ArraySlice<UInt32> {
        lifetimes[slot * Self.lifetimeClasses..<(slot + 1) * Self.lifetimeClasses]
    }

    @inline(__always)
    private mutating func touch(_ slot: Int) {
        reach(slot)
        keepPeak(slot)
    }

    @inline(__always)
    private mutating func reach(_ slot: Int) {
        if slot >= rows.count { grow(slot) }
    }

    private mutating func grow(_ slot: Int) {
        let count = max(slot + 1, rows.count * 2)
        rows.grow(to: count)
        lifetimes.grow(to: count * Self.lifetimeClasses)
        made.grow(to: count * Self.features)
    }

    @inline(__always)
    private mutating func keepPeak(_ slot: Int) {
        if rows[slot].peak != peak {
            rows[slot].peak = peak
            rows[slot].atPeak = rows[slot].live
        }
        if rows[slot].stamp != history.stamp {
            rows[slot].stamp = history.stamp
            history.touch(slot)
        }
    }

    private mutating func appeared(_ slot: Int, _ change: Change, _ call: Call?, _ time: UInt64) {
        rows[slot].live &+= 1
        rows[slot].created &+= 1
        if change.owner.cause == .split { rows[slot].split &+= 1 }
        if rows[slot].firstTime == 0 { rows[slot].firstTime = time }
        rows[slot].lastTime = max(rows[slot].lastTime, time)
        if let call { made[slot * Self.features + CallFeature.of(call).rawValue] &+= 1 }
    }

    private mutating func vanished(_ slot: Int, _ change: Change, _ time: UInt64) {
        rows[slot].live &-= 1
        rows[slot].vanished &+= 1
        if change.byMerge { rows[slot].merged &+= 1 }
        let lifetime = time > change.time ? time - change.time : 0
        let place = min((64 - lifetime.leadingZeroBitCount + 1) / 2, Self.lifetimeClasses - 1)
        lifetimes[slot * Self.lifetimeClasses + place] &+= 1
    }
}
