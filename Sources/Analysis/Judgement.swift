import TraceLog

/// What must be known before shapes, trends and sites can be judged: the failure, and how far the story goes.
struct Judgement: Sendable {
    /// The first at the map limit, else the first that any limit explains.
    var failure: (call: FailedCall, verdict: FailureVerdict)?
    /// The first of each kind of call, errno and cause, in the order of time.
    var failures: [(call: FailedCall, verdict: FailureVerdict)]
    /// The last instant that trends are judged by, CLOCK_MONOTONIC nanoseconds.
    var end: UInt64

    var hitLimit: Bool { failure?.verdict.cause == .maxMapCount }

    /// - Parameter lost: records that are missing from the log.
    init(_ observation: Observation, kernelRelease: String, lost: Int) {
        let verdicts = observation.failures.candidates.compactMap { candidate in
            Self.verdict(candidate, kernelRelease, lost: lost).map { (call: $0, verdict: $1) }
        }
        var seen: Set<FailureKind> = []
        failures = verdicts.filter { seen.insert(FailureKind($0.call.call, $0.verdict.cause)).inserted }
        let incidents = verdicts.filter { $0.verdict.cause.isLimit }
        failure = incidents.first { $0.verdict.cause == .maxMapCount } ?? incidents.first
        end = observation.now.time
        if hitLimit || Self.tidiesUp(observation) { end = observation.peak.time }
    }

    /// Where records were lost the kernel's list counts; but other threads may have unmapped while it was read.
    private static func verdict(_ candidate: FailedCall, _ release: String, lost: Int) -> (
        FailedCall, FailureVerdict
    )? {
        let replayed = FailureVerdict.of(candidate, kernelRelease: release)
        if lost == 0 { return replayed.map { (candidate, $0) } }
        let listed = candidate.countedByKernel
        let isCounted = candidate.listedCount != nil && replayed?.cause != .maxMapCount
        return FailureVerdict.of(listed, isCounted: isCounted, kernelRelease: release).map { (listed, $0) }
    }

    /// A process that gives everything back on its way out says nothing by that: then its peak is the end.
    private static func tidiesUp(_ observation: Observation) -> Bool {
        let (peak, now) = (observation.peak, observation.now)
        let grown = peak.count - (observation.first ?? 0)
        let after = now.time - min(peak.time, now.time)
        return (peak.count - now.count) * 2 > grown
            && after * 4 < now.time - min(observation.startTime, now.time)
    }
}

/// What makes one failure like another.
private struct FailureKind: Hashable {
    var kind: CallKind
    var error: UInt16
    var cause: FailureCause

    init(_ call: Call, _ cause: FailureCause) { (kind, error, self.cause) = (call.kind, call.error, cause) }
}
