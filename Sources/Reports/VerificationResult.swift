import Analysis

/// What every snapshot of a log said of the replay (`verify --json`).
package struct VerificationResult: Encodable {
    /// One list of the kernel.
    package struct Comparison: Encodable {
        package var number: UInt64
        package var reason: String
        /// Seconds since the first record.
        package var time: Double
        /// VMAs in the kernel's list.
        package var vmas: Int
        /// Whether it loaded the map, so that there was nothing to compare.
        package var loaded: Bool
        /// VMAs left out because a call was changing them while the list was read.
        package var unsettled: Int
        /// VMAs that are not the same on both sides.
        package var different: Int
        /// The first of these: a `-` line of the replay, a `+` line of the kernel.
        package var differences: [String]

        package init(
            number: UInt64, reason: String, time: Double, vmas: Int, loaded: Bool, unsettled: Int,
            different: Int,
            differences: [String]
        ) {
            self.number = number
            self.reason = reason
            self.time = time
            self.vmas = vmas
            self.loaded = loaded
            self.unsettled = unsettled
            self.different = different
            self.differences = differences
        }
    }

    package let version = 1
    package var pid: UInt32
    package var snapshots: [Comparison] = []
    /// How often an observation put the replay right, by cause.
    package var corrections: [String: Int] = [:]
    /// Pairs of calls over the same addresses at once of which nothing tells which came first.
    package var undecidedOrders = 0
    /// Records the tracer could not write.
    package var lost = 0
    package var damage: [String] = []
    /// What the tracer said it could not see or do.
    package var notes: [String] = []

    package init(pid: UInt32) {
        self.pid = pid
    }

    /// Snapshots that the replay was held against.
    package var compared: [Comparison] { snapshots.filter { !$0.loaded } }

    /// How many of these it equals.
    package var exact: Int { compared.count { $0.different == 0 } }

    /// Whether there was something to compare, and nothing differed.
    package var isExact: Bool { !compared.isEmpty && exact == compared.count }
}
