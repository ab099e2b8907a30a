package import AddressSpace
package import Foundation
import TraceLog

/// What a forked child got from its parent, written down because the parent's log will not tell it any more.
package struct Birth: Codable, Sendable {
    private static let magic: UInt64 = 0x0A68_7472_6962_616D  // "mabirth\n"

    package let process: UInt32
    /// CLOCK_MONOTONIC nanoseconds: the child came about between the two.
    package let begin: UInt64
    package let end: UInt64
    /// Whether no other thread of the parent is known to have changed the map meanwhile.
    package fileprivate(set) var isSettled: Bool
    /// Whether the parent's log had a map of that instant.
    package let isKnown: Bool
    package let hasVsyscall: Bool
    private let part: FoldedPart

    init?(
        of process: UInt32, begin: UInt64, end: UInt64, isSettled: Bool, _ observation: Observation,
        in parent: borrowing AddressSpace
    ) {
        let space = parent.forked()
        guard let bytes = CheckpointState.encode(space.image, space.words) else { return nil }
        (self.process, self.begin, self.end, self.isSettled) = (process, begin, end, isSettled)
        (isKnown, hasVsyscall) = (observation.first != nil, observation.hasVsyscall)
        part = FoldedPart(bytes)
    }

    /// The birth in a file's bytes; nil if it is none, or damaged.
    package init?(_ bytes: Data) {
        guard let birth = SealedFile.decode(bytes, magic: Self.magic, as: Birth.self) else { return nil }
        self = birth
    }

    /// The bytes of the file.
    package func encoded() throws -> Data { try SealedFile.encode(self, magic: Self.magic) }

    /// The map; nil if it was not written as this build writes it.
    package func space(_ rules: KernelRules) -> AddressSpace? {
        guard let (image, words) = CheckpointState.decode(part.bytes, as: AddressSpace.Image.self) else {
            return nil
        }
        return .restored(image, words: words, rules: rules)
    }

    /// The files that the map names.
    var files: Set<FileID> {
        var files = Set<FileID>()
        space(.newest)?.forEach { vma in
            files.insert(vma.file)
            return true
        }
        return files
    }
}

/// The births of the children that a log tells of, while it is followed.
struct Births {
    /// By the number of the child.
    private(set) var list: [UInt32: Birth] = [:]
    /// When the latest call had ended.
    private var latest: UInt64 = 0

    mutating func applied(_ call: Call) {
        latest = max(latest, call.end)
        if list.isEmpty { return }
        for (process, birth) in list
        where birth.isSettled && call.begin <= birth.end && call.end > birth.begin {
            list[process]?.isSettled = false
        }
    }

    mutating func noticed(_ entry: LogEntry, _ observation: Observation, in space: borrowing AddressSpace) {
        switch entry {
        case .child(let process, let begin, let end):
            list[process] = Birth(
                of: process, begin: begin, end: end, isSettled: latest <= begin, observation, in: space)
        case .childExecutes(let process, _): list[process] = nil
        default: break
        }
    }

    mutating func forget(_ process: UInt32) { list[process] = nil }
}

/// What a log that is folded up while it is followed must be asked for.
struct LiveObserver: ReplayObserver {
    var observation: Observation
    /// Nil: the log is not folded up.
    var births: Births?

    @inline(__always)
    mutating func willApply(_ call: Call, in space: borrowing AddressSpace) {
        observation.willApply(call, in: space)
    }

    mutating func applied(_ call: Call, countBefore: Int, in space: borrowing AddressSpace) {
        births?.applied(call)
        observation.applied(call, countBefore: countBefore, in: space)
    }

    mutating func reconciled(in space: borrowing AddressSpace) { observation.reconciled(in: space) }

    mutating func adopted(_ snapshot: Snapshot, _ comparison: Comparison, in space: borrowing AddressSpace) {
        observation.adopted(snapshot, comparison, in: space)
    }

    mutating func resumed(_ summary: FoldedSummary, in space: borrowing AddressSpace) {
        observation.resumed(summary, in: space)
    }

    mutating func noticed(_ entry: LogEntry, in space: borrowing AddressSpace) {
        births?.noticed(entry, observation, in: space)
        observation.noticed(entry, in: space)
    }
}
