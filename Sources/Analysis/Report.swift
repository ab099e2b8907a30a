/// The verdict on one process, encoded as the JSON that scripts rely on (`report --json`).
///
/// Times are seconds since the first record; counts are VMAs as the kernel's map_count has them, without the
/// tracer's own.
package struct Report: Codable, Sendable {
    /// The version of this JSON; it changes when a key changes its meaning or goes away.
    package static let currentVersion = 1

    package var version = Report.currentVersion
    package var process = Process()
    /// vm.max_map_count, or what was asked to be assumed in its place; null if neither is known.
    @Nullable package var limit: Int?
    package var vmas = Counts()
    package var calls = Calls()
    package var trust = Trust()
    @Nullable package var failure: Failure?
    /// The first failure of each kind of call, errno and cause, also where no limit was its cause.
    package var failures: [Failure] = []
    package var shape = Shape.steady
    /// By VMAs held at the peak, most first; the sum over them is `vmas.peak`.
    package var sites: [Site] = []
    /// Why neighbours at the peak are not one VMA, most first; the sum is the peak less one. Empty if not asked for.
    package var boundaries: [BoundaryGroup] = []
    package var forecast = Forecast(verdict: .unsure, reason: "nothing was recorded")
    /// Seconds between the first record and the last.
    package var duration = 0.0
    /// Backtraces that end before the outermost frame.
    package var cut = 0
    /// What is wrong with the log, in words.
    package var damage: [String] = []
    /// What the tracer could not see or do, in words.
    package var notes: [String] = []
    /// What is hooked where, in words.
    package var coverage: [String] = []
    /// The other processes of the recording, most VMAs first.
    package var others: [Other] = []

    package init() {}

    /// Another process of the recording.
    package struct Other: Codable, Sendable {
        package var pid: Int
        package var command: [String]
        /// VMAs at most, the tracer's own among them.
        package var peak: Int
        /// Whether only this summary of it was kept, and no log.
        package var isSummary: Bool

        package init(pid: Int, command: [String], peak: Int, isSummary: Bool) {
            self.pid = pid
            self.command = command
            self.peak = peak
            self.isSummary = isSummary
        }
    }

    package struct Process: Codable, Sendable {
        package var pid = 0
        package var command: [String] = []
        package var kernel = ""
        /// Null if the process was ended by a signal, or nobody waited for it.
        @Nullable package var exitStatus: Int?
        @Nullable package var signal: Int?

        package init() {}
    }

    package struct Counts: Codable, Sendable {
        package var first = 0
        package var peak = 0
        package var peakTime = 0.0
        package var last = 0
        /// The tracer's own VMAs, which the other numbers leave out.
        package var tracer = 0

        package init() {}
    }

    package struct Calls: Codable, Sendable {
        package var total = 0
        package var failed = 0
        package var withoutStack = 0
        /// Records the tracer could not write.
        package var lost = 0
        /// VMAs that appeared with no recorded call.
        package var unobserved = 0

        package init() {}
    }

    package struct Trust: Codable, Sendable {
        /// Lists of the kernel that the rebuilt map was held against.
        package var snapshots = 0
        /// Of these, how many were equal VMA by VMA.
        package var exact = 0
        /// VMAs.
        package var worstDifference = 0
        /// Times an observation right after a call corrected the replay.
        package var corrections = 0
        /// Of a flight recorder: bytes that it keeps, and bytes that it has overwritten.
        package var recorderSize = 0
        package var overwritten = 0

        package init() {}
    }

    package struct Failure: Codable, Sendable {
        package var time = 0.0
        /// As strace writes it.
        package var call = ""
        package var errno = ""
        package var cause = FailureCause.other
        /// The process's map_count when the call was made, the tracer's own VMAs included: what the kernel
        /// compared.
        package var count = 0
        /// The vm.max_map_count it was compared with, whatever the report assumes.
        @Nullable package var limit: Int?
        /// The evidence in a sentence.
        package var reason = ""
        /// What the program saw of it.
        package var seen = ""
        /// How far each limit was.
        package var limits: [LimitUse] = []
        /// Who made the call: the victim, seldom the culprit.
        package var frames: [SiteFrame] = []

        package init() {}
    }

    package struct Site: Codable, Sendable {
        package var vmas = 0
        /// Of the peak, 0 to 1.
        package var share = 0.0
        package var calls = 0
        /// Of the first and the last call or change of a VMA.
        @Nullable package var firstTime: Double?
        @Nullable package var lastTime: Double?
        /// VMAs per second, robust trend over the last regime.
        package var growthPerSecond = 0.0
        @Nullable package var pattern: String?
        package var advice: [String] = []
        /// What following the first advice would have saved; null if no replay tried it.
        @Nullable package var saving: Saving?
        /// What following each advice would have saved, in their order; empty if no replay tried them.
        package var savings: [Saving] = []
        package var frames: [SiteFrame] = []
        /// The function or place that names the site, or why there is none.
        package var name = ""
        /// VMAs at the end.
        package var last = 0
        /// VMAs its calls made, in all.
        package var created = 0
        /// Of `created`: how many by cutting another VMA.
        package var split = 0
        /// Of `created`: how many were unmapped or merged away.
        package var vanished = 0
        /// Of `vanished`: how many because a neighbour grew over them.
        package var merged = 0
        /// Distinct backtraces.
        package var stacks = 0
        /// Seconds, of VMAs that vanished; null if none did.
        @Nullable package var medianLifetime: Double?

        package init() {}
    }
}
