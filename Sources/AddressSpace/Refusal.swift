package import TraceLog

/// Why the kernel would refuse a call for vm.max_map_count, and with which errno.
package struct Refusal: Sendable, Equatable, Codable {
    /// What the kernel compares with the limit. Its numbers are those of Linux 6.18 unless said otherwise.
    package enum Check: String, Sendable, Codable, CaseIterable {
        /// A new mapping, or a grown heap: there may be no more VMAs than the limit (mm/mmap.c, mm/vma.c).
        case mapping
        /// A cut in one VMA: there must be fewer VMAs than the limit (mm/vma.c, split_vma).
        case split
        /// A hole in the middle of one VMA: there must be fewer VMAs than the limit (mm/vma.c,
        /// vms_gather_munmap_vmas).
        case hole
        /// A move by mremap: some room must be left for what it may split (mm/mremap.c).
        case move
    }

    package var check: Check
    package var errno: UInt16
    /// VMAs before the call, as they were counted for the question.
    package var count: Int

    package init(check: Check, errno: UInt16, count: Int) {
        self.check = check
        self.errno = errno
        self.count = count
    }
}

// MARK: - The question
extension AddressSpace {
    /// What the kernel would answer to a call, asked before it is applied, if the limit were `limit`; nil:
    /// it would not refuse it for the limit. The call is otherwise taken at its word: what it did when it
    /// was recorded it would do again. Far from the limit O(1), or the number of VMAs that an mremap names;
    /// else as applying the call.
    /// - Parameter leavingOut: VMAs of the map that are not to be counted (the tracer's own).
    package func refusal(of call: Call, limit: Int, leavingOut: Int = 0) -> Refusal? {
        let count = count - leavingOut
        // No check asks for more room than 5 VMAs below the limit; a move of several asks once for each.
        guard count + 5 * max(1, movedParts(of: call)) >= limit,
            let check = failingCheck(call, count, limit)
        else { return nil }
        return Refusal(check: check, errno: limitErrno(call), count: count)
    }

    /// madvise and naming say EAGAIN for the ENOMEM of a split (mm/madvise.c).
    private func limitErrno(_ call: Call) -> UInt16 {
        let isAdvice = [.madvise, .processMadvise, .prctl].contains(call.kind)
        return isAdvice && rules.madviseSaysAgain ? Errno.again : Errno.noMemory
    }

    private func failingCheck(_ call: Call, _ count: Int, _ limit: Int) -> Refusal.Check? {
        switch call.kind {
        case .mmap, .shmat, .ioSetup, .mapShadowStack, .remapFilePages: mappingCheck(call, count, limit)
        case .munmap: cutsHole(removed(by: call)) && count >= limit ? .hole : nil
        case .brk: breakCheck(call, count, limit)
        case .mremap: moveCheck(call, count, limit)
        case .mlockall, .munlockall, .shmdt, .ioDestroy, .userfaultfdClose: nil
        default: splitsBeyond(limit, call, count) ? .split : nil
        }
    }
}

// MARK: - New mappings
extension AddressSpace {
    /// mm/mmap.c (do_mmap): asked before anything but the arguments is looked at.
    private func mappingCheck(_ call: Call, _ count: Int, _ limit: Int) -> Refusal.Check? {
        guard call.succeeded || failsBehindCount(call) else { return nil }
        if count > limit { return .mapping }
        let removes = call.succeeded || call.error == Errno.noMemory
        return removes && count >= limit && cutsHole(removed(by: call)) ? .hole : nil
    }

    /// Whether the error of a call is one that do_mmap finds only after it has compared the count; ENOMEM may be that
    /// comparison. Before it come the descriptor and the numbers (ksys_mmap_pgoff, and mmap in the architecture's
    /// sys_x86_64.c): with 64 bits no offset in pages overflows there.
    private func failsBehindCount(_ call: Call) -> Bool {
        guard call.kind == .mmap else {
            return [Errno.noMemory, Errno.exists, Errno.again].contains(call.error)
        }
        switch call.error {
        case Errno.badFile, Errno.interrupted: return false
        case Errno.invalid where call.arguments.5 & (pageSize - 1) != 0 || call.mapFlags.contains(.hugeTLB):
            return false
        default: return pageAligned(call.arguments.1) != 0
        }
    }

    /// What a call takes away before it does anything else.
    private func removed(by call: Call) -> Range<UInt64>? {
        switch call.kind {
        case .munmap: range(call.arguments.0, call.arguments.1)
        case .mmap where call.mapFlags.contains(.fixed): range(call.arguments.0, call.arguments.1)
        case .remapFilePages: range(pageStart(call.arguments.0), pageStart(call.arguments.1))
        case .shmat where call.arguments.2 & 0o40000 != 0 && call.observedEnd > call.result:
            call.result..<call.observedEnd
        default: nil
        }
    }

    private func range(_ start: UInt64, _ length: UInt64) -> Range<UInt64>? {
        let end = start &+ pageAligned(length)
        return end > start ? start..<end : nil
    }

    /// Whether taking a range away leaves two pieces of one VMA.
    private func cutsHole(_ range: Range<UInt64>?) -> Bool {
        guard let range, let vma = vma(containing: range.lowerBound) else { return false }
        return vma.start < range.lowerBound && range.upperBound < vma.end
    }

    /// mm/mmap.c (brk): a neighbour is seen before the count is; the heap's VMA may reach beyond the break,
    /// where a mapping has merged with it.
    private func breakCheck(_ call: Call, _ count: Int, _ limit: Int) -> Refusal.Check? {
        let (old, new) = (pageAligned(heap.current), pageAligned(call.arguments.0))
        guard heap.current != 0, call.arguments.0 >= heap.start else { return nil }
        if new < old { return count >= limit && cutsHole(new..<old) ? .hole : nil }
        guard new > old, count > limit else { return nil }
        return call.result >= call.arguments.0 || isFree(old, new &+ pageSize) ? .mapping : nil
    }

    func isFree(_ start: UInt64, _ end: UInt64) -> Bool {
        let cursor = tree.first(endingAbove: start)
        return tree.isEnd(cursor) || tree[cursor].start >= end
    }
}

// MARK: - Moves
extension AddressSpace {
    private func moveCheck(_ call: Call, _ count: Int, _ limit: Int) -> Refusal.Check? {
        let flags = call.arguments.3
        let needsRoom = rules.remapAlwaysNeedsRoom || flags & 6 != 0
        guard call.succeeded || call.error == Errno.noMemory || needsRoom && failsBehindRoom(call) else {
            return nil
        }
        if rules.remapAlwaysNeedsRoom {
            if count + (flags & 4 != 0 ? 5 : 4) > limit { return .move }
        } else if needsRoom {
            return count >= limit - 5 || partsMeetLimit(call, count, limit) ? .move : nil
        } else if moves(call) {
            return count >= limit - 3 ? .move : nil
        }
        guard call.succeeded || call.error == Errno.noMemory else { return nil }
        return count >= limit && cutsHole(shrunk(by: call)) ? .hole : nil
    }

    /// mm/mremap.c (remap_move): several VMAs are moved one after the other, and the limit is looked at before each.
    private func partsMeetLimit(_ call: Call, _ count: Int, _ limit: Int) -> Bool {
        movedParts(of: call) > 1 && copy().wouldRefuse(call, room: limit - count)
    }

    /// How many VMAs a call moves; 0 if it is no mremap that succeeded.
    private func movedParts(of call: Call) -> Int {
        guard call.kind == .mremap, call.succeeded, let range = range(call.arguments.0, call.arguments.1)
        else {
            return 0
        }
        var (cursor, parts) = (tree.first(endingAbove: range.lowerBound), 0)
        while !tree.isEnd(cursor), tree[cursor].start < range.upperBound {
            parts += 1
            cursor = tree.next(cursor)
        }
        return parts
    }

    /// Whether the error of a call is one that mremap finds only after it has compared the count, which it does when the
    /// numbers are sound (check_mremap_params); before 6.15 the source was looked at first (mremap_to).
    private func failsBehindRoom(_ call: Call) -> Bool {
        let source = vma(containing: call.arguments.0)
        switch call.error {
        case Errno.fault, Errno.again: return rules.mremapChecksSourceFirst || source != nil
        case Errno.notPermitted: return rules.mremapChecksSourceFirst || source?.isSealed == false
        case Errno.invalid: return rules.mremapChecksSourceFirst && isSoundMove(call)
        default: return false
        }
    }

    /// Whether check_mremap_params finds nothing wrong with the numbers themselves.
    func isSoundMove(_ call: Call) -> Bool {
        let (source, target, flags) = (call.arguments.0, call.arguments.4, call.arguments.3)
        let (old, new) = (pageAligned(call.arguments.1), pageAligned(call.arguments.2))
        guard flags & ~7 == 0, source & (pageSize - 1) == 0, 0 < new, new <= Self.endOfAddresses else {
            return false
        }
        if flags & 6 == 0 { return true }
        let overlaps = source < target &+ new && target < source &+ old
        return flags & 1 != 0 && target & (pageSize - 1) == 0 && target <= Self.endOfAddresses - new
            && (flags & 4 == 0 || old == new) && !overlaps
    }

    /// The tail that an mremap without a move gives back.
    private func shrunk(by call: Call) -> Range<UInt64>? {
        let (old, new) = (pageAligned(call.arguments.1), pageAligned(call.arguments.2))
        return new < old ? call.arguments.0 &+ new..<call.arguments.0 &+ old : nil
    }

    /// Whether mremap leaves the place; of one that failed, whether it would have had to.
    private func moves(_ call: Call) -> Bool {
        let (start, old) = (call.arguments.0, pageAligned(call.arguments.1))
        if call.succeeded { return call.result != start }
        let (end, newEnd) = (start &+ old, start &+ pageAligned(call.arguments.2))
        guard call.arguments.3 & 1 != 0, newEnd > end || old == 0 else { return false }
        return vma(containing: start).map { $0.end != end } ?? true || !isFree(end, newEnd)
    }
}

// MARK: - Splits
extension AddressSpace {
    /// Tries the call on the VMAs that it touches and their neighbours: what merges on the way makes room
    /// for the second split, and every split is asked for anew.
    private func splitsBeyond(_ limit: Int, _ call: Call, _ count: Int) -> Bool {
        guard count + 1 >= limit, let range = worked(on: call) else { return false }
        let trial = neighbourhood(of: range)
        var call = call
        let isShortage = call.error == Errno.noMemory || call.error == Errno.again
        if isShortage, trial.obstacle(range.lowerBound, range.upperBound, { _ in false }) == nil {
            call.error = 0
        }
        return trial.wouldRefuse(call, room: limit - count)
    }

    /// Whether applying a call meets the limit on the way, where `room` VMAs more are allowed than there are here.
    private consuming func wouldRefuse(_ call: Call, room: Int) -> Bool {
        maxMapCount = count + room
        refusesAtLimit = true
        apply(call)
        return wasRefused
    }

    private func worked(on call: Call) -> Range<UInt64>? {
        switch call.kind {
        case .prctl: range(call.arguments.2, call.arguments.3)
        case .userfaultfdRegister, .userfaultfdUnregister: range(call.arguments.1, call.arguments.2)
        case .mlock, .mlock2, .munlock:
            range(pageStart(call.arguments.0), call.arguments.1 &+ call.arguments.0 & (pageSize - 1))
        default: range(call.arguments.0, call.arguments.1)
        }
    }

    /// An address space of the VMAs in a range and the nearest on each side.
    private func neighbourhood(of range: Range<UInt64>) -> AddressSpace {
        var part = VMATree()
        var cursor = tree.first(endingAbove: range.lowerBound)
        cursor = tree.previous(cursor) ?? cursor
        while !tree.isEnd(cursor) {
            _ = part.insert(tree[cursor], at: part.end)
            if tree[cursor].start >= range.upperBound { break }
            cursor = tree.next(cursor)
        }
        return copy(with: part)
    }
}
