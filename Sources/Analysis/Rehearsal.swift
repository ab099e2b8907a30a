package import AddressSpace
import TraceLog

/// What the count would have been had some sites called otherwise: a replay of the changed calls from the first
/// snapshot on, with no later one to correct it.
///
/// Addresses stay as they were recorded, and so does everything that the program did after the change.
package struct Rehearsal: ~Copyable {
    /// How it ended.
    package struct Outcome: Sendable {
        /// VMAs without the tracer's own.
        package var peak = 0
        /// CLOCK_MONOTONIC nanoseconds.
        package var peakTime: UInt64 = 0
        package var last = 0
        /// Recorded calls that were changed or left out.
        package var changedCalls = 0
        /// The first call refused under the limit, in the program without the tracer.
        package var failure: FirstFailure.Refused?
    }

    /// What is known of a backtrace's site.
    private enum Knowledge {
        case nothing
        case remedy(Remedy?)
    }

    private let names: SiteNames
    /// By site's name.
    private let remedies: [String: Remedy]
    private var space: AddressSpace
    private var application: RemedyApplication
    /// Whether a remedy asks `application` where mappings begin and end.
    private let needsMappings: Bool
    private var arenas: SharedArenas
    private var loads = LibraryLoads()
    private var failures: FirstFailure
    private var outcome = Outcome()
    private var hasMap = false
    private var knownFiles = 0
    /// By the number of a backtrace.
    private var known: [Knowledge] = []
    /// Sites that have the one mapping that `Remedy.oneMapping` leaves them.
    private var haveMapped: Set<String> = []

    /// Reads the source to its end, once.
    /// - Parameters:
    ///   - remedies: What each site does otherwise, by its name.
    ///   - limit: VMAs.
    ///   - progress: called about every 65,536 entries with the fraction read, 0 to 1.
    package static func run<Source: EntrySource & ~Copyable>(
        _ source: inout Source, names: SiteNames, remedies: [String: Remedy], limit: Int,
        inherited: consuming AddressSpace? = nil, progress: ((Double) -> Void)? = nil
    ) -> Outcome {
        var rehearsal = Rehearsal(source.facts, names: names, remedies: remedies, limit: limit)
        if let inherited { rehearsal.space = inherited }
        var call = Call(kind: .mmap)
        var pace = ProgressPace()
        while rehearsal.step(&source, &call) {
            if pace.isDue(after: 1) { progress?(source.fraction) }
        }
        return rehearsal.concluded()
    }

    /// Takes the next entry; false at the end.
    /// - Parameter call: room for a call, to be given each time.
    private mutating func step<Source: EntrySource & ~Copyable>(_ source: inout Source, _ call: inout Call)
        -> Bool
    {
        if source.nextCall(&call) {
            take(call, source)
        } else if let entry = source.next() {
            take(entry, source)
        } else {
            return false
        }
        return true
    }

    private init(_ facts: ProcessFacts, names: SiteNames, remedies: [String: Remedy], limit: Int) {
        self.names = names
        self.remedies = remedies
        space = AddressSpace(pageSize: facts.pageSize, rules: KernelRules(facts))
        application = RemedyApplication(facts: facts)
        needsMappings = remedies.values.contains(.wholeMapping)
        arenas = SharedArenas(pageSize: facts.pageSize)
        failures = FirstFailure(limit: limit, ownRanges: facts.ownRanges)
    }

    private func concluded() -> Outcome {
        var result = outcome
        result.peak -= failures.tracer
        result.last = space.count - failures.tracer
        result.failure = failures.untraced
        return result
    }

    private mutating func take<Source: EntrySource & ~Copyable>(_ entry: LogEntry, _ source: borrowing Source)
    {
        switch entry {
        case .snapshot(let snapshot) where !hasMap:
            hasMap = true
            space.learn(source.definitions)
            failures.adopted(snapshot, space.adopt(snapshot), in: space)
            noteCount(at: snapshot.end)
        case .call(let call): take(call, source)
        default: break
        }
    }

    @inline(__always)
    private mutating func take<Source: EntrySource & ~Copyable>(_ call: Call, _ source: borrowing Source) {
        if Int(call.file.rawValue) >= knownFiles { learn(source.definitions) }
        perform(call)
        space.foresee(source.address(ahead: AddressSpace.foresight &- 1))
    }

    private mutating func learn(_ definitions: Definitions) {
        space.learn(definitions)
        knownFiles = definitions.files.count
    }

    private mutating func perform(_ call: Call) {
        let remedy = remedy(for: call.stack)
        let calls = replacement(for: call, remedy)
        if needsMappings { application.note(call) }
        loads.note(call)
        guard let calls else { return make(call, isTouched: remedy != nil) }
        if calls.count != 1 || !Self.isSame(call, calls[0]) { outcome.changedCalls += 1 }
        for new in calls { make(new, isTouched: true) }
    }

    /// What is called in place of a call; nil: the call itself.
    private mutating func replacement(for call: Call, _ remedy: Remedy?) -> [Call]? {
        if let calls = arenas.replacement(for: call, isMalloc: remedy == .fewerArenas) { return calls }
        guard let remedy, !isFirstMapping(call, under: remedy) else { return nil }
        return remedy == .closeLibraries
            ? loads.replacement(for: call, site: names.name(of: call.stack))
            : application.changed(call, by: remedy, in: space).map { [$0] } ?? []
    }

    private mutating func make(_ call: Call, isTouched: Bool) {
        var call = call
        // What the kernel said of anonymous memory may no longer hold once neighbours are others.
        if isTouched || call.kind != .mmap || call.file == .none { call.flags.remove(.hasObservation) }
        failures.willApply(call, in: space)
        space.apply(call)
        noteCount(at: call.end)
    }

    private mutating func isFirstMapping(_ call: Call, under remedy: Remedy) -> Bool {
        remedy == .oneMapping && call.makesMapping
            && haveMapped.insert(names.name(of: call.stack)).inserted
    }

    private static func isSame(_ old: Call, _ new: Call) -> Bool {
        new.kind == old.kind && new.arguments == old.arguments
    }

    private mutating func remedy(for stack: StackID) -> Remedy? {
        let index = Int(stack.rawValue)
        if index < known.count, case .remedy(let remedy) = known[index] { return remedy }
        let remedy = remedies[names.name(of: stack)]
        while known.count <= index { known.append(.nothing) }
        known[index] = .remedy(remedy)
        return remedy
    }

    private mutating func noteCount(at time: UInt64) {
        guard space.count > outcome.peak else { return }
        outcome.peak = space.count
        outcome.peakTime = time
    }
}

extension Call {
    /// Whether it mapped something.
    var makesMapping: Bool { succeeded && (kind == .mmap || kind == .shmat) }
}
