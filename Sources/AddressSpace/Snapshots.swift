package import TraceLog

extension AddressSpace {
    /// Takes a snapshot: the first loads the map, later ones judge the model and correct it. VMAs that touch
    /// `unsettled` (ranges of calls in flight) are neither judged nor corrected. O(n).
    package mutating func adopt(_ snapshot: Snapshot, unsettled: [Range<UInt64>] = []) -> Comparison {
        changes.removeAll()
        author = Author(time: snapshot.begin)
        let model = allVMAs()
        if isInherited { for vma in model { note(.appeared, vma) } }
        isInherited = false
        let open = UnsettledRanges(unsettled, model, snapshot.vmas)
        var comparison = Comparison(isFirst: !isLoaded, kernelCount: snapshot.vmas.count, modelCount: count)
        comparison.unsettled = snapshot.vmas.count { open.contain($0.start, $0.end) }
        let own = isLoaded ? kernelsOwn(model, snapshot) : []
        if isLoaded { comparison.differences = differences(model, snapshot, open, besides: own) }
        correct(model, snapshot, open)
        corrections.snapshot += comparison.differences.count + own.count
        isLoaded = true
        return comparison
    }

    /// Whether adopting the snapshot would find no difference. O(n).
    package func agrees(with snapshot: Snapshot, unsettled: [Range<UInt64>]) -> Bool {
        let model = allVMAs()
        let open = UnsettledRanges(unsettled, model, snapshot.vmas)
        return !isLoaded || differences(model, snapshot, open, besides: kernelsOwn(model, snapshot)).isEmpty
    }

    func allVMAs() -> [VMA] {
        var result: [VMA] = []
        result.reserveCapacity(count)
        forEach { vma in
            result.append(vma)
            return true
        }
        return result
    }
}

/// Ranges of calls in flight, widened to whole VMAs of both sides.
private struct UnsettledRanges {
    private var ranges: [Range<UInt64>]

    init(_ ranges: [Range<UInt64>], _ model: [VMA], _ kernel: [Snapshot.VMA]) {
        self.ranges = ranges.filter { !$0.isEmpty }.map { range in
            var wide = Swift.max(range.lowerBound, 1) - 1..<Swift.min(range.upperBound, .max - 1) + 1
            while true {
                var next = wide
                for vma in model where vma.overlaps(wide) { next = next.union(vma.start..<vma.end) }
                for vma in kernel where vma.overlaps(wide) { next = next.union(vma.start..<vma.end) }
                if next == wide { return wide }
                wide = next
            }
        }
    }

    func contain(_ start: UInt64, _ end: UInt64) -> Bool {
        ranges.contains { start < $0.upperBound && end > $0.lowerBound }
    }
}

extension Range<UInt64> {
    fileprivate func union(_ other: Range) -> Range {
        Swift.min(lowerBound, other.lowerBound)..<Swift.max(upperBound, other.upperBound)
    }
}

// MARK: - Judging
extension AddressSpace {
    private func differences(
        _ model: [VMA], _ snapshot: Snapshot, _ open: UnsettledRanges, besides own: Set<UInt64>
    ) -> [Comparison.Difference] {
        let kernel = snapshot.vmas
        func isOwn(_ vma: Snapshot.VMA) -> Bool { !own.isEmpty && own.contains(vma.start) }
        var result: [Comparison.Difference] = []
        var (i, j) = (0, 0)
        while true {
            while i < model.count, open.contain(model[i].start, model[i].end) { i += 1 }
            while j < kernel.count, open.contain(kernel[j].start, kernel[j].end) || isOwn(kernel[j]) {
                j += 1
            }
            if i == model.count && j == kernel.count { return result }
            let step = step(i < model.count ? model[i] : nil, j < kernel.count ? kernel[j] : nil)
            if let difference = step.difference { result.append(difference) }
            i += step.model
            j += step.kernel
        }
    }

    /// Where VMAs begin that no call made, but the kernel by itself: [uprobes] and [uprobes-trampoline], where a probe was
    /// hit (kernel/events/uprobes.c, xol_add_vma; arch/x86/kernel/uprobes.c). Corrections, but no errors of the replay.
    private func kernelsOwn(_ model: [VMA], _ snapshot: Snapshot) -> Set<UInt64> {
        let found = snapshot.vmas.filter { identities.trait(of: $0.file) == .uprobes }.map(\.start)
        return found.isEmpty ? [] : Set(found).subtracting(model.map(\.start))
    }

    /// What the two next VMAs are to each other, and how many of each that settles.
    private func step(
        _ model: VMA?, _ kernel: Snapshot.VMA?
    ) -> (difference: Comparison.Difference?, model: Int, kernel: Int) {
        guard let kernel else { return (model.map { .onlyInModel($0) }, 1, 0) }
        guard let model else { return (.onlyInKernel(kernel), 0, 1) }
        if agrees(model, kernel) { return (nil, 1, 1) }
        if model.start == kernel.start { return (.differing(model: model, kernel: kernel), 1, 1) }
        return model.start < kernel.start ? (.onlyInModel(model), 1, 0) : (.onlyInKernel(kernel), 0, 1)
    }

    /// Whether a maps line of both would be the same; the start of a VMA that grows down may have moved.
    private func agrees(_ model: VMA, _ kernel: Snapshot.VMA) -> Bool {
        let sameStart = model.start == kernel.start || model.flags.contains(.growsDown)
        return sameStart && model.end == kernel.end && model.maps == kernel.maps
            && (kernel.inode == 0 || kernel.offset == model.pgoff << pageShift || model.start != kernel.start)
    }
}

// MARK: - Correcting
extension AddressSpace {
    /// Makes the set what the snapshot says. What the model knew of a VMA (owner, anon_vma, file) passes to the first
    /// VMA of the kernel that overlaps it.
    private mutating func correct(_ model: [VMA], _ snapshot: Snapshot, _ open: UnsettledRanges) {
        var heirs = Heirs(model)
        var settling = AnonSettling(snapshot)
        tree.removeAll()
        for kernel in snapshot.vmas where !open.contain(kernel.start, kernel.end) {
            keep(heirs.takeVMAs(upTo: kernel.start), open, &settling)
            put(corrected(kernel, heirs.takeOverlapping(kernel), snapshot), &settling)
        }
        keep(heirs.takeVMAs(upTo: .max), open, &settling)
        if heap.start == 0 { learnHeap(snapshot) }
    }

    /// The heap may be in pieces: it ends with the last.
    private mutating func learnHeap(_ snapshot: Snapshot) {
        let pieces = snapshot.vmas.filter { identities.trait(of: $0.file) == .heap }
        guard let first = pieces.first, let last = pieces.last else { return }
        heap = Heap(start: first.start, current: last.end)
    }

    /// VMAs that the kernel does not have: gone, unless a call in flight may be about to say so.
    private mutating func keep(
        _ vmas: ArraySlice<VMA>, _ open: UnsettledRanges, _ settling: inout AnonSettling
    ) {
        for vma in vmas {
            if open.contain(vma.start, vma.end) { put(vma, &settling) } else { note(.vanished, vma) }
        }
    }

    private mutating func corrected(_ kernel: Snapshot.VMA, _ heirs: ArraySlice<VMA>, _ snapshot: Snapshot)
        -> VMA
    {
        for gone in heirs.dropFirst() { note(.vanished, gone, byMerge: true) }
        guard let old = heirs.first else {
            let new = observed(kernel, snapshot)
            note(.appeared, new)
            return new
        }
        return adjusted(old, to: kernel, snapshot)
    }

    /// A VMA of the model with the kernel's range and flags.
    private mutating func adjusted(_ old: VMA, to kernel: Snapshot.VMA, _ snapshot: Snapshot) -> VMA {
        var vma = old
        let distance = Int64(bitPattern: kernel.start &- old.start) &>> pageShift
        vma.pgoff &+= UInt64(bitPattern: distance)
        vma.start = kernel.start
        vma.end = kernel.end
        if kernel.inode != 0 { vma.pgoff = kernel.offset &>> pageShift }
        adjustFlags(&vma, kernel, snapshot)
        nameFile(&vma, kernel)
        if vma.file != old.file { note(.named, vma, oldFile: old.file) }
        return vma
    }

    private mutating func adjustFlags(_ vma: inout VMA, _ kernel: Snapshot.VMA, _ snapshot: Snapshot) {
        guard snapshot.hasFlags || vma.maps != kernel.maps else { return }
        let kept = vma.flags.intersection(.modelOnly.union(.protectionKey))
        let new = kernel.vmaFlags(complete: snapshot.hasFlags).union(kept)
        if new == vma.flags { return }
        corrections.flags += 1
        vma.flags = new
    }

    /// A VMA that only the snapshot knows.
    private mutating func observed(_ kernel: Snapshot.VMA, _ snapshot: Snapshot) -> VMA {
        let cause: Owner.Cause = isLoaded ? .notObserved : .beforeTrace
        var vma = VMA(
            start: kernel.start, end: kernel.end, pgoff: kernel.start &>> pageShift,
            flags: kernel.vmaFlags(complete: snapshot.hasFlags), time: author.time,
            owner: Owner(stack: .none, cause: cause, kind: .mmap))
        nameFile(&vma, kernel)
        if kernel.inode != 0 {
            vma.pgoff = kernel.offset &>> pageShift
            vma.description = identities.description(ofObserved: kernel.file)
        }
        return vma
    }

    /// [heap] and [stack] are no names of VMAs but of places; other names stay with the VMA.
    private mutating func nameFile(_ vma: inout VMA, _ kernel: Snapshot.VMA) {
        switch identities.trait(of: kernel.file) {
        case .heap: break
        case .stack:
            stackAddress = kernel.end - 1
            vma.flags.insert(.growsDown)
        case .zeroDevice where !vma.isShared:
            vma.file = kernel.file
            vma.flags.insert(.zeroDevice)
        case .special, .ring, .perfRing, .bpfMap, .traceRing, .vdso:
            vma.file = kernel.file
            vma.flags.insert(.dontExpand)
        case .socket:
            vma.file = kernel.file
            vma.flags.insert(.mixedMap)
        case .segment where vma.isShared:
            vma.file = kernel.file
            vma.flags.insert(.closeHook)
        default: if kernel.file != .none { vma.file = kernel.file }
        }
    }

    /// Puts a VMA in behind all others. Gives an anon_vma to what must have one; neighbours that differ in rights alone
    /// are taken for pieces of one, but fork gives each VMA of the child its own (mm/rmap.c, anon_vma_fork).
    private mutating func put(_ vma: VMA, _ settling: inout AnonSettling) {
        var vma = vma
        if settling.seemsUnwritten(vma) {
            if vma.anon != 0 { corrections.anonVMA += 1 }
            forgetAnon(&vma)
        } else if vma.anon == 0 && !vma.isShared {
            let hasAnon = settling.hasAnon(vma)
            if hasAnon { vma.flags.insert(.surelyWritten) }
            if hasAnon || vma.isPrivateWritable {
                vma.anon = settling.shared(by: vma, in: self) ?? newAnon()
                if settling.isForked { vma.flags.insert(.forked) }
            }
        }
        settling.previous = vma
        _ = tree.insert(vma, at: tree.end)
    }
}

/// What tells which anon_vma the VMAs of a snapshot have, while these are walked.
private struct AnonSettling {
    let isForked: Bool
    private let isLastWord: Bool
    /// Where VMAs begin of which the snapshot says that they have anonymous pages.
    private let known: Set<UInt64>
    var previous: VMA?

    init(_ snapshot: Snapshot) {
        isForked = snapshot.reason == .fork
        isLastWord = snapshot.reason == .confined && snapshot.hasFlags
        known = Set(snapshot.vmas.lazy.filter(\.hasAnon).map(\.start))
    }

    func hasAnon(_ vma: VMA) -> Bool { !known.isEmpty && known.contains(vma.start) }

    /// Whether it holds nothing at the instant behind which nobody can ask: rather never written than emptied.
    func seemsUnwritten(_ vma: VMA) -> Bool {
        isLastWord && !vma.flags.contains(.surelyWritten) && !hasAnon(vma)
    }

    /// The previous VMA's, if both may have it.
    func shared(by vma: VMA, in space: borrowing AddressSpace) -> UInt32? {
        guard !isForked, let previous, previous.anon != 0, space.couldShareAnon(previous, vma) else {
            return nil
        }
        return previous.anon
    }
}

/// The model's VMAs in order, handed out to the kernel's as these are walked.
private struct Heirs {
    private let vmas: [VMA]
    private var next = 0

    init(_ vmas: [VMA]) { self.vmas = vmas }

    /// Those that end at or below `address`.
    mutating func takeVMAs(upTo address: UInt64) -> ArraySlice<VMA> { take { $0.end <= address } }

    /// Those that overlap a VMA of the kernel and were not taken yet.
    mutating func takeOverlapping(_ kernel: Snapshot.VMA) -> ArraySlice<VMA> {
        take { $0.start < kernel.end }
    }

    private mutating func take(_ condition: (VMA) -> Bool) -> ArraySlice<VMA> {
        let first = next
        while next < vmas.count, condition(vmas[next]) { next += 1 }
        return vmas[first..<next]
    }
}
