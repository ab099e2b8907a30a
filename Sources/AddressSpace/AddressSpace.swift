package import TraceLog

/// The VMAs of one process, moved on call by call by the kernel's rules.
///
/// Not copyable because it owns the tree's memory; `copy()` makes a second one.
package struct AddressSpace: ~Copyable, Sendable {
    /// Bytes.
    package let pageSize: UInt64
    package let rules: KernelRules
    /// vm.max_map_count if known: decides how far a call that failed for it got.
    package var maxMapCount: Int?
    /// What the last `apply` or `adopt` did to the set.
    package private(set) var changes: [Change] = []
    package internal(set) var corrections = Corrections()

    package init(pageSize: UInt64 = 4096, rules: KernelRules) {
        self.pageSize = pageSize
        self.rules = rules
    }

    /// VMAs now, as the kernel counts them ([vsyscall] never); O(1).
    package var count: Int { 0 }
    /// Bytes in all VMAs; O(1).
    package var mappedBytes: UInt64 { 0 }

    /// Learns what the paths of files say (/dev/zero, io_uring rings, ...); call it when definitions were added.
    /// Cheap when nothing is new.
    package mutating func learn(_ definitions: Definitions) {}

    /// Changes the set as the kernel did, whether the call succeeded or failed.
    package mutating func apply(_ call: Call) {}

    /// Takes a snapshot: the first loads the map, later ones judge the model and correct it. VMAs that touch
    /// `unsettled` (ranges of calls in flight) are neither judged nor corrected.
    package mutating func adopt(_ snapshot: Snapshot, unsettled: [Range<UInt64>] = []) -> Comparison {
        Comparison(isFirst: true, kernelCount: snapshot.vmas.count, modelCount: 0)
    }

    /// The VMA that holds `address`; O(log n).
    package func vma(containing address: UInt64) -> VMA? { nil }

    /// Every VMA from the one that holds `address` or follows it, in order, until `body` returns false.
    package func forEach(from address: UInt64 = 0, _ body: (VMA) -> Bool) {}

    /// Sets what brk calls would have told: the heap's first byte and the current break.
    package mutating func setBreak(start: UInt64, current: UInt64) {}

    /// A second, independent address space in the same state; O(n).
    package func copy() -> AddressSpace { AddressSpace(pageSize: pageSize, rules: rules) }
}
