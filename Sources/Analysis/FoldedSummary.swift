import AddressSpace
package import TraceLog

/// What the folded part of a log told: the map with its blame, and what a report needs beside it.
package struct FoldedSummary: Sendable {
    private let state: State
    /// The VMAs, as `AddressSpace.words` has them.
    private let words: [UInt64]

    private struct State: Codable {
        var image: AddressSpace.Image
        var observation: Observation
    }

    /// - Parameter files: those that may be mapped again, besides those that are.
    init(_ space: borrowing AddressSpace, keeping files: Set<FileID>, _ observation: Observation) {
        state = State(image: space.image.keeping(files), observation: observation)
        words = space.words
    }

    /// Nil if it was not written as this build writes it.
    package init?(_ part: FoldedPart) {
        guard let (state, words) = CheckpointState.decode(part.bytes, as: State.self) else { return nil }
        (self.state, self.words) = (state, words)
    }

    /// Whether it was written as this build writes it, and names nothing that the log does not define.
    package static func isReadable(_ part: FoldedPart, with definitions: Definitions) -> Bool {
        guard let space = FoldedSummary(part)?.space(.newest) else { return false }
        var isDefined = true
        space.forEach { vma in
            isDefined =
                vma.owner.stack.rawValue < definitions.stacks.count
                && vma.file.rawValue < definitions.files.count
            return isDefined
        }
        return isDefined
    }

    /// To be written down; nil if that is not possible.
    var part: FoldedPart? { CheckpointState.encode(state, words).map { FoldedPart($0) } }

    /// The map as it was; nil if the words are no list of VMAs.
    func space(_ rules: KernelRules) -> AddressSpace? { .restored(state.image, words: words, rules: rules) }
    var observation: Observation { state.observation }

    /// Whether the latest list ended with a [vsyscall] line.
    package var hasVsyscall: Bool { observation.hasVsyscall }
    /// The most VMAs until then, the tracer's own among them.
    package var peak: Int { observation.peak.count }
    /// The tracer's own VMAs.
    package var tracer: Int { observation.tracer }
    /// vm.max_map_count, if it was known.
    package var limit: Int? { observation.limits?.maxMapCount.map { Int(clamping: $0) } }
    /// Sentences about processes that went on unrecorded until then.
    package var notRecorded: [String] {
        observation.notes.filter { $0.code == .notRecorded }.map(\.text)
    }
    /// Snapshots compared until then, and how many of them were exact.
    package var snapshots: (all: Int, exact: Int) { (observation.trust.snapshots, observation.trust.exact) }
}
