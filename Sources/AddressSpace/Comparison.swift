package import TraceLog

/// What a snapshot said of the model.
package struct Comparison: Sendable {
    /// A VMA that only one side has, or that both have with other facts (range, rights, offset, inode).
    package enum Difference: Sendable {
        case onlyInModel(VMA)
        case onlyInKernel(Snapshot.VMA)
        case differing(model: VMA, kernel: Snapshot.VMA)
    }

    /// Whether this snapshot loaded the map, so that there was nothing to judge.
    package var isFirst: Bool
    /// VMAs in the snapshot.
    package var kernelCount: Int
    /// VMAs the model had before it was corrected.
    package var modelCount: Int
    /// VMAs left out of the judgement because a call was changing them while the list was read.
    package var unsettled: Int
    package var differences: [Difference]

    package init(
        isFirst: Bool, kernelCount: Int, modelCount: Int, unsettled: Int = 0, differences: [Difference] = []
    ) {
        self.isFirst = isFirst
        self.kernelCount = kernelCount
        self.modelCount = modelCount
        self.unsettled = unsettled
        self.differences = differences
    }

    package var isExact: Bool { differences.isEmpty }
}
