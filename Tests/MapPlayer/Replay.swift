package import AddressSpace
import Foundation
package import TraceLog

/// Replays a recording, and compares with the kernel after every call.
package struct Replay: ~Copyable {
    private static let kinds: [UInt64: CallKind] = [
        9: .mmap, 10: .mprotect, 11: .munmap, 12: .brk, 25: .mremap, 28: .madvise, 30: .shmat, 67: .shmdt,
        149: .mlock, 150: .munlock, 151: .mlockall, 152: .munlockall, 157: .prctl, 206: .ioSetup,
        207: .ioDestroy, 135: .personality,
        216: .remapFilePages, 237: .mbind, 325: .mlock2, 329: .pkeyMprotect, 450: .setMempolicyHomeNode,
        453: .mapShadowStack, 462: .mseal,
    ]

    /// What the model is told of the state that no call shows.
    package enum Knowledge: Sendable {
        /// Nothing: it assumes that everything is written at once.
        case assumed
        /// As `assumed`, but each call carries what the tracer would have asked the kernel. Flags that maps does not
        /// print are not compared: `ac` of what was never written shows only once it matters.
        case observed
        /// Every write, and nothing is assumed.
        case told
    }

    /// The first thing that was wrong.
    package struct Difference: Sendable {
        package var step: Int
        package var text: String
    }

    private static let thisKernel = KernelRules(
        kernelRelease: (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)) ?? "")

    package var space = AddressSpace(rules: thisKernel)
    private var ledger = Ledger()
    private let knowledge: Knowledge
    private let recording: Recording
    private var isLoaded = false
    private var lastFailed = false
    private var knowsFlags: Bool { knowledge != .observed }

    package init(_ recording: Recording, knowledge: Knowledge = .assumed, maxMapCount: Int? = nil) {
        self.recording = recording
        self.knowledge = knowledge
        space.learn(recording.definitions)
        space.maxMapCount = maxMapCount
        space.assumesWrites = knowledge != .told
    }

    /// Replays every step; the first difference ends it and is returned, nil where there is none.
    package mutating func replayAll() -> Difference? {
        for (index, step) in recording.steps.enumerated() {
            if let text = replay(step, index) {
                return Difference(step: index, text: "step \(index): \(describe(step))\n\(text)")
            }
        }
        return nil
    }

    /// The model's VMAs within 16 pages of a range, once it has been through the steps before `step`.
    package mutating func text(before step: Int, around range: Range<UInt64>) -> String {
        for (index, step) in recording.steps.prefix(step).enumerated() { _ = replay(step, index) }
        var lines = ["\(space.count) VMAs, of these:"]
        space.forEach(from: max(range.lowerBound, 0x10000) - 0x10000) {
            guard $0.start < range.upperBound &+ 0x10000 else { return false }
            lines.append(Self.text($0))
            return true
        }
        return lines.joined(separator: "\n")
    }

    /// What is wrong after a step, nil if nothing is.
    private mutating func replay(_ step: Recording.Step, _ index: Int) -> String? {
        if step.letter == "f", isLoaded { fork() }
        if isLoaded { apply(step, index) } else { load(step) }
        guard let vmas = step.vmas else { return nil }
        guard ledger.agrees(with: space) else {
            return "the owners' sum is not the set: \(ledger.text(space))"
        }
        return difference(vmas, step.filling)
    }

    /// The child's map, from what is known of the parent's or from the snapshot that its log begins with.
    private mutating func fork() {
        if knowledge != .assumed {
            space = space.forked()
            ledger = Ledger(of: space)
            return
        }
        space = AddressSpace(rules: Self.thisKernel)
        space.learn(recording.definitions)
        ledger = Ledger()
        isLoaded = false
    }

    private mutating func load(_ step: Recording.Step) {
        _ = space.adopt(snapshot(step, step.letter == "f" ? .fork : .start))
        ledger.note(space.changes)
        isLoaded = true
    }

    private mutating func apply(_ step: Recording.Step, _ index: Int) {
        if step.letter == "f" { return }
        let tells = knowledge == .told || (knowledge == .assumed && lastFailed)
        if step.letter == "w", tells { noteWritten(by: step) }
        lastFailed = step.error != 0
        guard step.letter == "c" || step.letter == "C", let kind = Self.kinds[step.number] else { return }
        let call = call(step, kind, index)
        space.apply(call)
        ledger.note(space.changes)
        if knowledge == .observed { reconcile(behind: call, step) }
        if knowledge == .told, step.error != 0, [.mlock, .madvise].contains(kind) {
            let (start, length) = (step.arguments.0, step.arguments.1)
            tellWritten(start..<max(start, start &+ length), step)
        }
    }

    /// Of pages that were not all written the guards may be some, and no flag tells where they lie.
    private mutating func noteWritten(by step: Recording.Step) {
        let range = step.arguments.0..<step.arguments.1
        let isWhole = step.result == (range.upperBound - range.lowerBound) >> 12
        // Without the VMAs that fill the map the player does not tell which have pages of their own.
        if isWhole || !step.filling.isEmpty { space.noteWritten(range) } else { tellWritten(range, step) }
    }

    /// How far mlock or MADV_POPULATE_WRITE came before a page refused no call tells: every VMA with pages of its own
    /// was written.
    private mutating func tellWritten(_ range: Range<UInt64>, _ step: Recording.Step) {
        for vma in step.vmas ?? [] where vma.hasAnon && range.overlaps(vma.start..<vma.end) {
            space.noteWritten(range.clamped(to: vma.start..<vma.end))
        }
    }

    private func call(_ step: Recording.Step, _ kind: CallKind, _ index: Int) -> Call {
        var call = Call(
            kind: kind, arguments: step.arguments, result: step.result, error: step.error, end: UInt64(index),
            stack: StackID(rawValue: UInt32(index)))
        guard let observed = observed(call, step) else { return call }
        if kind == .mmap { call.file = observed.inode == 0 ? .none : observed.file }
        if knowledge == .observed || kind == .shmat || kind == .ioSetup || mayBeDrivers(call, observed) {
            call.file = observed.file
            call.flags.insert(.hasObservation)
            (call.observedStart, call.observedEnd) = (observed.start, observed.end)
            let follows: UInt8 = observed.inode != 0 && observed.offset == observed.start ? 0x80 : 0
            call.observedRights = UInt8(observed.flags & 0xF) | follows
        }
        return call
    }

    /// The VMA that the tracer would have asked for (preload/tracer/doubt.c).
    private func observed(_ call: Call, _ step: Recording.Step) -> Snapshot.VMA? {
        let vmas = step.vmas ?? []
        if call.kind == .ioSetup, call.succeeded {
            return vmas.first { recording.definitions[$0.file].path.hasPrefix("/[aio]") }
        }
        guard let asked = Self.asked(call) else { return nil }
        if let last = lastArrived(call, step) { return last }
        if [.mmap, .mremap].contains(call.kind), !call.succeeded {
            return Self.first(endingAbove: asked.lowerBound, step)
        }
        let found = vmas.filter { $0.end > asked.lowerBound && $0.start < asked.upperBound }
        guard Self.isRefusal(call) else { return found.first }
        var (last, end) = (found.first, asked.lowerBound)
        for vma in found where vma.start <= end && vma.flags & 7 == call.arguments.2 & 7 {
            (last, end) = (vma, vma.end)
        }
        return last
    }

    /// The last VMA that arrived of several, where one behind it was refused and its destination has gone; nil if the
    /// tracer would not look for it.
    private func lastArrived(_ call: Call, _ step: Recording.Step) -> Snapshot.VMA? {
        let (source, length, _, flags, target, _) = call.arguments
        guard call.kind == .mremap, call.error == 12, flags & 6 == 6 else { return nil }
        let vmas = step.vmas ?? []
        var last: Snapshot.VMA?
        for vma in vmas where vma.end > source && vma.start < source &+ length {
            let place = max(vma.start, source) &- source &+ target
            guard let found = vmas.first(where: { $0.start <= place && place < $0.end }) else { return last }
            last = found
        }
        return nil
    }

    /// What the kernel shows behind a hole may be the first of the VMAs that fill the map.
    private static func first(endingAbove address: UInt64, _ step: Recording.Step) -> Snapshot.VMA? {
        let told = step.vmas?.first { $0.end > address }
        let filling = step.filling
        guard !filling.isEmpty, address < filling.lowerBound, told?.start ?? .max >= filling.upperBound else {
            return told
        }
        return Script.firstFiller
    }

    /// Whether the first VMA asked about is the last one that the call changed, and the others are all of its range.
    private static func isRefusal(_ call: Call) -> Bool {
        [12, 13].contains(call.error) && [.mprotect, .pkeyMprotect].contains(call.kind)
    }

    /// The addresses that the tracer asks about after a call.
    private static func asked(_ call: Call) -> Range<UInt64>? {
        let (a, b, c, d, e, _) = call.arguments
        switch call.kind {
        case .mremap where !call.succeeded && d & 2 != 0: return c < b ? a + c..<a + b : e..<e + max(c, 1)
        case .mmap where !call.succeeded && d & 0x10 != 0: return a..<max(a, a &+ max(b, 1))
        case .mmap, .shmat: return call.succeeded ? call.result..<call.result + 1 : nil
        case .mremap: return call.succeeded ? call.result..<call.result + max(c, 1) : nil
        case .brk: return a != 0 && call.result != 0 ? call.result - 1..<call.result : nil
        case .madvise where [3, 4, 8, 9].contains(c) || c >= 20: return nil
        case .mprotect, .pkeyMprotect, .mlock, .mlock2, .munlock, .mbind, .setMempolicyHomeNode, .mseal,
            .remapFilePages, .madvise:
            return a..<max(a, a &+ max(b, 1))
        default: return nil
        }
    }

    /// The VMAs in the rest of what a call worked on.
    private mutating func reconcile(behind call: Call, _ step: Recording.Step) {
        if call.kind == .mlockall || call.kind == .munlockall {
            for vma in step.vmas ?? [] { reconcile(vma.start, vma.end) }
        }
        guard let asked = Self.asked(call), let first = observed(call, step) else { return }
        let isLast = Self.isRefusal(call) || lastArrived(call, step) != nil
        var end = isLast ? asked.lowerBound : first.end
        for _ in 0..<200 {
            guard end < asked.upperBound, let next = step.vmas?.first(where: { $0.end > end }),
                next.start < asked.upperBound
            else { return }
            reconcile(next.start, next.end)
            end = next.end
        }
    }

    private mutating func reconcile(_ start: UInt64, _ end: UInt64) {
        space.reconcile(start..<end)
        ledger.note(space.changes)
    }

    package func snapshot(_ step: Recording.Step, _ reason: Snapshot.Reason) -> Snapshot {
        Snapshot(
            number: 1, reason: reason, begin: 0, end: 0, thread: 1, hasFlags: true, hasVsyscall: true,
            vmas: step.vmas ?? [])
    }

    /// Both maps around the first VMA in which they differ; nil if they are equal.
    private func difference(_ kernel: [Snapshot.VMA], _ filling: Range<UInt64>) -> String? {
        let model = vmas(without: filling)
        let fillers = space.count - model.count
        guard fillers == filling.count / Int(Script.page) else {
            return "\(fillers) VMAs that fill the map are left"
        }
        let first = zip(model, kernel).enumerated().first { !Self.equal($1.0, $1.1, filling, !knowsFlags) }?
            .offset
        if first == nil, model.count == kernel.count { return nil }
        let at = max(0, (first ?? min(model.count, kernel.count)) - 2)
        let modelText = model.dropFirst(at).prefix(6).map(Self.text).joined(separator: "\n")
        let kernelText = kernel.dropFirst(at).prefix(6).map(Self.text).joined(separator: "\n")
        return "model \(model.count):\n\(modelText)\nkernel \(kernel.count):\n\(kernelText)"
    }

    private func vmas(without filling: Range<UInt64>) -> [VMA] {
        var model: [VMA] = []
        space.forEach(from: 0) {
            guard $0.start < filling.lowerBound || filling.isEmpty else { return false }
            model.append($0)
            return true
        }
        if filling.isEmpty { return model }
        space.forEach(from: filling.upperBound) {
            model.append($0)
            return true
        }
        return model
    }

    private static func equal(
        _ model: VMA, _ kernel: Snapshot.VMA, _ filling: Range<UInt64>, _ rightsAlone: Bool
    ) -> Bool {
        (model.start == kernel.start || model.flags.contains(.growsDown)) && model.end == kernel.end
            && (filling.isEmpty && !rightsAlone
                ? flags(model, like: kernel) == flags(kernel) : model.maps == kernel.flags & 0xF)
            && (kernel.inode == 0 || model.pgoff << 12 == kernel.offset)
    }

    /// Whether a driver had its say: by refusing when what was there had gone, or in the flags. Of that only the kernel
    /// tells, which is asked about every file.
    private func mayBeDrivers(_ call: Call, _ observed: Snapshot.VMA) -> Bool {
        guard call.kind == .mmap, call.arguments.3 & Script.Map.anonymous == 0 else { return false }
        return !call.succeeded || recording.definitions[observed.file].path.hasPrefix("anon_inode:")
    }

    private static func flags(_ vma: VMA) -> UInt64 { vma.flags.rawValue & ~(0xFF | 0xFF << 56) }
    /// No call tells whether a descriptor that was never seen to write could: `sh` and `mw` are the kernel's then.
    private static func flags(_ model: VMA, like kernel: Snapshot.VMA) -> UInt64 {
        let unknown = VMAFlags([.shared, .mayWrite]).rawValue
        guard kernel.inode != 0, model.isShared, model.flags.isDisjoint(with: [.shared, .mayWrite]) else {
            return flags(model)
        }
        return flags(model) | (kernel.flags & unknown)
    }

    private static func flags(_ vma: Snapshot.VMA) -> UInt64 { vma.flags & ~0xFF }

    private static func text(_ vma: VMA) -> String {
        "\(String(vma.start, radix: 16))-\(String(vma.end, radix: 16)) \(vma.flags.names.joined(separator: " "))"
            + " pgoff \(String(vma.pgoff, radix: 16)) anon \(vma.anon) file \(vma.description)"
    }

    private static func text(_ vma: Snapshot.VMA) -> String {
        let names = VMAFlags(rawValue: vma.flags).names.joined(separator: " ")
        return "\(String(vma.start, radix: 16))-\(String(vma.end, radix: 16)) \(names)"
            + " rights \(vma.flags & 0xF) offset \(String(vma.offset, radix: 16))"
    }

    private func describe(_ step: Recording.Step) -> String {
        let (a, b, c, d, e, f) = step.arguments
        let arguments = [a, b, c, d, e, f].map { String($0, radix: 16) }.joined(separator: ", ")
        return
            "\(step.letter) \(step.number)(\(arguments)) = \(String(step.result, radix: 16)) errno \(step.error)"
    }
}
