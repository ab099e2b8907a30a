import AddressSpace
import Testing
import TraceLog

/// Replays a recording, and compares with the kernel after every call.
struct Replay: ~Copyable {
    private static let kinds: [UInt64: CallKind] = [
        9: .mmap, 10: .mprotect, 11: .munmap, 12: .brk, 25: .mremap, 28: .madvise, 30: .shmat, 67: .shmdt,
        149: .mlock, 150: .munlock, 151: .mlockall, 152: .munlockall, 157: .prctl, 206: .ioSetup,
        207: .ioDestroy,
        216: .remapFilePages, 237: .mbind, 325: .mlock2, 329: .pkeyMprotect, 450: .setMempolicyHomeNode,
        453: .mapShadowStack, 462: .mseal,
    ]

    var space = AddressSpace(rules: .newest)
    var ledger = Ledger()
    /// Whether each call carries what PROCMAP_QUERY would have said.
    let observes: Bool
    private let recording: Recording
    private var isLoaded = false
    private var lastFailed = false

    init(_ recording: Recording, observes: Bool = false) {
        self.recording = recording
        self.observes = observes
        space.learn(recording.definitions)
    }

    /// Plays a script and replays it; every difference is an issue, the first ends the replay.
    @discardableResult
    static func run(
        observes: Bool = false, maxMapCount: Int? = nil, _ build: (inout Script) -> Void
    ) throws -> Recording {
        var script = Script()
        build(&script)
        let recording = try Player.play(script)
        var replay = Replay(recording, observes: observes)
        replay.space.maxMapCount = maxMapCount
        replay.replayAll()
        return recording
    }

    mutating func replayAll() {
        for (index, step) in recording.steps.enumerated() where !replay(step, index) { return }
    }

    private mutating func replay(_ step: Recording.Step, _ index: Int) -> Bool {
        if step.letter == "f" {
            space = AddressSpace(rules: .newest)
            space.learn(recording.definitions)
            ledger = Ledger()
            isLoaded = false
        }
        if isLoaded { apply(step, index) } else { load(step) }
        guard step.vmas == nil || ledger.agrees(with: space) else {
            Issue.record("step \(index): the owners' sum is not the set: \(ledger.text(space))")
            return false
        }
        guard let vmas = step.vmas, let text = difference(vmas) else { return true }
        Issue.record("step \(index): \(describe(step))\n\(text)")
        return false
    }

    private mutating func load(_ step: Recording.Step) {
        let comparison = space.adopt(snapshot(step, step.letter == "f" ? .fork : .start))
        #expect(comparison.isFirst)
        ledger.note(space.changes)
        isLoaded = true
    }

    private mutating func apply(_ step: Recording.Step, _ index: Int) {
        if step.letter == "w", lastFailed { space.noteWritten(step.arguments.0..<step.arguments.1) }
        lastFailed = step.error != 0
        guard step.letter == "c" || step.letter == "C", let kind = Self.kinds[step.number] else { return }
        var call = Call(
            kind: kind, arguments: step.arguments, result: step.result, error: step.error, end: UInt64(index),
            stack: StackID(rawValue: UInt32(index)))
        if let observed = observed(call, step.vmas ?? []), step.error == 0 {
            if kind == .mmap { call.file = observed.inode == 0 ? .none : observed.file }
            if observes || kind == .shmat || kind == .ioSetup {
                call.file = observed.file
                call.flags.insert(.hasObservation)
                (call.observedStart, call.observedEnd) = (observed.start, observed.end)
            }
        }
        space.apply(call)
        ledger.note(space.changes)
    }

    private func observed(_ call: Call, _ vmas: [Snapshot.VMA]) -> Snapshot.VMA? {
        if call.kind == .ioSetup {
            return vmas.first { recording.definitions[$0.file].path.hasPrefix("/[aio]") }
        }
        let address = [.mmap, .mremap, .shmat].contains(call.kind) ? call.result : call.arguments.0
        return vmas.first { $0.start <= address && address < $0.end }
    }

    func snapshot(_ step: Recording.Step, _ reason: Snapshot.Reason) -> Snapshot {
        Snapshot(
            number: 1, reason: reason, begin: 0, end: 0, thread: 1, hasFlags: true, hasVsyscall: true,
            vmas: step.vmas ?? [])
    }

    /// Both maps around the first VMA in which they differ; nil if they are equal.
    private func difference(_ kernel: [Snapshot.VMA]) -> String? {
        var model: [VMA] = []
        space.forEach {
            model.append($0)
            return true
        }
        let first = zip(model, kernel).enumerated().first { !Self.equal($1.0, $1.1) }?.offset
        if first == nil, model.count == kernel.count { return nil }
        let at = max(0, (first ?? min(model.count, kernel.count)) - 2)
        let modelText = model.dropFirst(at).prefix(6).map(Self.text).joined(separator: "\n")
        let kernelText = kernel.dropFirst(at).prefix(6).map(Self.text).joined(separator: "\n")
        return "model \(model.count):\n\(modelText)\nkernel \(kernel.count):\n\(kernelText)"
    }

    private static func equal(_ model: VMA, _ kernel: Snapshot.VMA) -> Bool {
        (model.start == kernel.start || model.flags.contains(.growsDown)) && model.end == kernel.end
            && flags(model) == flags(kernel) && (kernel.inode == 0 || model.pgoff << 12 == kernel.offset)
    }

    private static func flags(_ vma: VMA) -> UInt64 { vma.flags.rawValue & ~(0xFF | 0xFF << 56) }
    private static func flags(_ vma: Snapshot.VMA) -> UInt64 { vma.flags & ~0xFF }

    private static func text(_ vma: VMA) -> String {
        "\(String(vma.start, radix: 16))-\(String(vma.end, radix: 16)) \(vma.flags.names.joined(separator: " "))"
            + " pgoff \(String(vma.pgoff, radix: 16)) anon \(vma.anon) file \(vma.description)"
    }

    private static func text(_ vma: Snapshot.VMA) -> String {
        let names = VMAFlags(rawValue: vma.flags).names.joined(separator: " ")
        return "\(String(vma.start, radix: 16))-\(String(vma.end, radix: 16)) \(names)"
            + " offset \(String(vma.offset, radix: 16))"
    }

    private func describe(_ step: Recording.Step) -> String {
        let (a, b, c, d, e, f) = step.arguments
        let arguments = [a, b, c, d, e, f].map { String($0, radix: 16) }.joined(separator: ", ")
        return
            "\(step.letter) \(step.number)(\(arguments)) = \(String(step.result, radix: 16)) errno \(step.error)"
    }
}

/// Counts VMAs by owner from the changes alone.
struct Ledger {
    private var live: [Owner: Int] = [:]

    mutating func note(_ changes: [Change]) {
        for change in changes { live[change.owner, default: 0] += change.kind == .appeared ? 1 : -1 }
    }

    private func actual(_ space: borrowing AddressSpace) -> [Owner: Int] {
        var result: [Owner: Int] = [:]
        space.forEach {
            result[$0.owner, default: 0] += 1
            return true
        }
        return result
    }

    func agrees(with space: borrowing AddressSpace) -> Bool {
        if space.count > 5000 { return live.values.reduce(0, +) == space.count }
        let actual = actual(space)
        return live.filter { $0.value != 0 } == actual && actual.values.reduce(0, +) == space.count
    }

    func text(_ space: borrowing AddressSpace) -> String {
        "\(live.filter { $0.value != 0 }) against \(actual(space))"
    }
}
