import AddressSpace
import TraceLog

/// A failed call with what is needed to say why it failed.
struct FailedCall: Sendable, Codable {
    var call: Call
    /// VMAs just before, as the kernel counts them.
    var count: Int
    /// The first addresses of the range it named that were not mapped: then ENOMEM is no limit.
    var hole: Range<UInt64>?
    /// The first VMA of the range that was sealed.
    var seal: Range<UInt64>?
    /// The largest stretch of unmapped addresses below the stack; nil for calls that ask for less than 1 GiB.
    var largestGap: UInt64? = nil
    /// The limits in force, as recorded after it or, failing that, before it.
    var limits: Limits?

    /// Nanoseconds in which a list taken for a failure is read, many times what one of 65,530 VMAs takes.
    private static let listing: UInt64 = 1_000_000_000

    /// VMAs right after it as the kernel listed them; nil if it was not asked then.
    var listedCount: Int? {
        guard let limits, limits.time >= call.begin, limits.time <= call.end &+ Self.listing else {
            return nil
        }
        return limits.mapCount.map { Int(clamping: $0) }
    }

    /// The same with the kernel's count in place of one that leaves out what was lost.
    var countedByKernel: FailedCall {
        var failed = self
        failed.count = listedCount ?? count
        return failed
    }

    /// brk reports failure by an unchanged break.
    static func isFailure(_ call: Call) -> Bool {
        call.kind == .brk ? call.arguments.0 != 0 && call.result < call.arguments.0 : !call.succeeded
    }
}

/// The failed calls worth a verdict, in bounded memory: per kind, errno and "at the limit" the first, and
/// the one at
/// the highest count.
struct FailedCalls: Codable {
    private struct Key: Hashable, Codable {
        var kind: CallKind
        var error: UInt16
        var atLimit: Bool
    }

    /// EPERM, EAGAIN, ENOMEM.
    private static let telling: Set<UInt16> = [1, 11, 12]

    private var first: [Key: FailedCall] = [:]
    private var highest: [Key: FailedCall] = [:]
    private var latestLimits: Limits?

    /// In the order of time.
    var candidates: [FailedCall] {
        (Array(first.values) + highest.values).sorted { $0.call.begin < $1.call.begin }
    }

    mutating func note(_ call: Call, count: Int, in space: borrowing AddressSpace) {
        guard call.kind == .brk || Self.telling.contains(call.error) else { return }
        let atLimit = latestLimits?.maxMapCount.map { count + 5 >= Int(clamping: $0) } ?? false
        let key = Key(kind: call.kind, error: call.error, atLimit: atLimit)
        let isFirst = first[key] == nil
        guard isFirst || count > highest[key]?.count ?? 0 else { return }
        let failed = FailedCall(
            call: call, count: count, hole: hole(call, in: space), seal: seal(call, in: space),
            largestGap: largestGap(call, in: space), limits: latestLimits)
        if isFirst { first[key] = failed }
        highest[key] = failed
    }

    /// Limits are recorded right after a failure; they belong to the failures that came before them.
    mutating func note(_ limits: Limits) {
        for key in first.keys {
            if let known = first[key]?.limits?.time, known >= first[key]?.call.begin ?? 0 { continue }
            first[key]?.limits = limits
        }
        for key in highest.keys {
            if let known = highest[key]?.limits?.time, known >= highest[key]?.call.begin ?? 0 { continue }
            highest[key]?.limits = limits
        }
        latestLimits = limits
    }

    private func hole(_ call: Call, in space: borrowing AddressSpace) -> Range<UInt64>? {
        switch call.kind {
        case .mprotect, .pkeyMprotect, .madvise, .processMadvise, .mlock, .mlock2, .munlock, .mbind, .mseal:
            break
        default: return nil
        }
        guard let range = call.range(pageSize: space.pageSize) else { return nil }
        var reached = range.lowerBound
        var next = range.upperBound
        space.forEach(from: reached) { vma in
            guard vma.start <= reached, reached < range.upperBound else {
                next = min(next, vma.start)
                return false
            }
            reached = vma.end
            return true
        }
        return reached < range.upperBound ? reached..<next : nil
    }

    private func seal(_ call: Call, in space: borrowing AddressSpace) -> Range<UInt64>? {
        guard call.error == 1, let range = call.range(pageSize: space.pageSize) else { return nil }
        var found: Range<UInt64>?
        space.forEach(from: range.lowerBound) { vma in
            guard vma.start < range.upperBound else { return false }
            if vma.isSealed { found = vma.start..<vma.end }
            return found == nil
        }
        return found
    }

    /// Where mmap may look without a hint: below the stack, whose growth the kernel keeps free (Linux mm/mmap.c,
    /// arch_get_unmapped_area_topdown); MAP_32BIT, in the second GiB (arch/x86/kernel/sys_x86_64.c,
    /// find_start_end). Only large requests, and that flag's, meet it before another limit.
    private func largestGap(_ call: Call, in space: borrowing AddressSpace) -> UInt64? {
        let isLow = call.mapFlags.contains(.in32Bits)
        guard call.kind == .mmap && !call.mapFlags.contains(.fixed), isLow || call.arguments.1 >= 1 << 30
        else {
            return nil
        }
        let limit: UInt64 = isLow ? 1 << 31 : 1 << 47
        var largest: UInt64 = 0
        var end: UInt64 = isLow ? 1 << 30 : 1 << 16
        space.forEach(from: end) { vma in
            if vma.start > end { largest = max(largest, min(vma.start, limit) - min(end, limit)) }
            end = max(end, vma.end)
            return vma.end < limit
        }
        return isLow ? max(largest, limit - min(end, limit)) : largest
    }
}
