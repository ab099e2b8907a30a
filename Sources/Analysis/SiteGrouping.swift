import TraceLog

/// Puts backtraces together that share their first frame outside libc and ld.so.
struct SiteGrouping {
    private let table: SiteTable
    private let namer: FrameNamer
    private let kernelRelease: String
    /// Slots by group.
    private var groups: [[Int]] = []
    private var groupOfSlot: [Int?]
    private var keys: [SiteKey] = []

    /// Backtraces written out for a site; the others only count.
    private static let stacksShown = 8

    init(_ table: SiteTable, namer: FrameNamer, kernelRelease: String) {
        self.table = table
        self.namer = namer
        self.kernelRelease = kernelRelease
        groupOfSlot = Array(repeating: nil, count: table.rows.count)
        var places: [SiteKey: Int] = [:]
        let namer = SlotNamer(table.slots, namer)
        for slot in table.rows.indices {
            let row = table.rows[slot]
            guard row.created > 0 || row.calls > 0 else { continue }
            let key = namer.key(slot)
            let place = places[key] ?? keys.count
            if place == keys.count {
                places[key] = place
                keys.append(key)
                groups.append([])
            }
            groups[place].append(slot)
            groupOfSlot[slot] = place
        }
    }

    /// The sites that ever held a VMA, by what they held at the peak; behind them, as one, those that never did.
    /// - Parameter window: the instants between which growth is measured, CLOCK_MONOTONIC nanoseconds.
    func sites(growingIn window: Range<UInt64>) -> [Site] {
        let histories = table.history.series(groups: groups.count) { groupOfSlot[$0] ?? nil }
        let sites = groups.indices.map { site($0, histories[$0], window) }
        let barren = sites.filter { !$0.heldAny }
        return sites.filter(\.heldAny)
            .sorted { ($0.peak, $0.created, $1.name) > ($1.peak, $1.created, $0.name) }
            + (barren.isEmpty ? [] : [Self.sum(barren)])
    }

    private static func sum(_ sites: [Site]) -> Site {
        var sum = Site(origin: .madeNone, name: "made no VMA")
        for site in sites {
            sum.calls += site.calls
            sum.failed += site.failed
            sum.stackCount += site.stackCount
            if sum.firstTime == 0 || site.firstTime < sum.firstTime { sum.firstTime = site.firstTime }
            sum.lastTime = max(sum.lastTime, site.lastTime)
        }
        return sum
    }

    /// Of each slot the index of its site's name in the second list; nil for slots that did nothing.
    var names: (ofSlot: [Int?], names: [String]) { (groupOfSlot, keys.map(\.name)) }

    // MARK: sites

    private func site(
        _ group: Int, _ history: [(time: UInt64, count: Int)], _ window: Range<UInt64>
    ) -> Site {
        let slots = groups[group]
        var site = Site(origin: keys[group].origin, name: keys[group].name)
        for slot in slots { add(slot, to: &site) }
        site.history = history
        site.medianLifetime = medianLifetime(slots)
        if table.slots.isByStack { describe(&site, slots) }
        for slot in slots {
            for (feature, count) in table.madeBy(slot) {
                if let operation = feature.operation { site.operations[operation, default: 0] += count }
            }
        }
        site.growth = SiteGrowth.rate(history, in: window)
        return site
    }

    private func add(_ slot: Int, to site: inout Site) {
        let row = table.rows[slot]
        site.peak += table.peakCount(slot)
        site.last += Int(row.live)
        site.calls += Int(row.calls)
        site.failed += Int(row.failed)
        site.created += Int(row.created)
        site.split += Int(row.split)
        site.vanished += Int(row.vanished)
        site.merged += Int(row.merged)
        if row.firstTime > 0 {
            site.firstTime = site.firstTime == 0 ? row.firstTime : min(site.firstTime, row.firstTime)
        }
        site.lastTime = max(site.lastTime, row.lastTime)
    }

    private func heaviest(_ slots: [Int]) -> ArraySlice<Int> {
        slots.filter { SlotMap.stack(of: $0) != nil }.sorted {
            (table.peakCount($0), table.rows[$0].created, $1) > (
                table.peakCount($1), table.rows[$1].created, $0
            )
        }.prefix(Self.stacksShown)
    }

    private func stack(_ slot: Int) -> Site.Stack {
        let stack = SlotMap.stack(of: slot) ?? .none
        return Site.Stack(
            stack: stack, frames: namer.outsideTracer(stack).flatMap { namer.frames($0) },
            isCut: namer.isCut(stack), peak: table.peakCount(slot), last: Int(table.rows[slot].live),
            calls: Int(table.rows[slot].calls))
    }

    private func medianLifetime(_ slots: [Int]) -> UInt64? {
        var histogram = [Int](repeating: 0, count: 32)
        for slot in slots {
            for (place, count) in table.lifetimeHistogram(slot).enumerated() {
                histogram[place] += Int(count)
            }
        }
        let total = histogram.reduce(0, +)
        guard total > 0 else { return nil }
        var seen = 0
        let place = histogram.firstIndex { count in
            seen += count
            return seen * 2 >= total
        }
        // The middle of the class, in the measure of its bounds: half of 4 to the power of the place.
        return place.map { $0 == 0 ? 1 : 1 << UInt64(2 * $0 - 1) }
    }

    private func describe(_ site: inout Site, _ slots: [Int]) {
        site.stackCount = slots.count { SlotMap.stack(of: $0) != nil }
        site.stacks = heaviest(slots).map { stack($0) }
        if site.origin == .code { recognize(&site, slots) }
    }

    private func recognize(_ site: inout Site, _ slots: [Int]) {
        var evidence = PatternEvidence()
        for slot in slots { evidence.made.merge(table.madeBy(slot), uniquingKeysWith: +) }
        let frames = site.stacks.first?.frames ?? []
        evidence.isInLoader = frames.first.map { FrameNamer.role(of: $0.module) == .loader } ?? false
        evidence.isInLibc = frames.first.map { FrameNamer.role(of: $0.module) == .libc } ?? false
        evidence.isInThreadCreation = frames.contains { Self.makesThread($0.function ?? "") }
        site.pattern = evidence.pattern
        site.advice = Advice.texts(for: site.pattern, frames: frames, kernelRelease: kernelRelease)
    }

    /// pthread_create, and HotSpot's guard zone, which each Java thread maps into its own stack.
    private static func makesThread(_ function: String) -> Bool {
        function.hasPrefix("pthread_create") || function.contains("create_stack_guard_pages")
    }
}
