/// Reading beside the process that writes: `follow` once, then `refresh` before each round of `next`.
extension LogReader {
    /// Nanoseconds that entries are held back, so that other threads' calls of the same time can come first.
    static let grace: UInt64 = 250_000_000

    package var isFollowing: Bool { cursor.following != nil }

    /// Whether a flight recorder overwrote records before they were read: what follows cannot be joined to what
    /// was read, and the log must be opened anew.
    package var isOverrun: Bool { cursor.following?.isOverrun ?? false }

    /// Everything that ended before this instant was given out; CLOCK_MONOTONIC nanoseconds.
    package var followedTo: UInt64 { isFollowing ? settledTime : 0 }

    /// From now on `next()` gives what is complete, and nil does not mean the end. Nothing is read twice.
    package mutating func follow() {
        cursor.following = Following()
        settledTime = 0
    }

    /// Looks at the log again.
    /// - Parameter now: CLOCK_MONOTONIC nanoseconds.
    package mutating func refresh(now: UInt64) {
        guard isFollowing else { return }
        if facts.isFlightRecorder { readNewDefinitions(now: now) }
        cursor.refresh(now: now)
        snapshots.now = now
        snapshots.giveUp(after: Following.patience, readTo: cursor.position)
        while let record = cursor.nextPassed() { read(record) }
        isAtEnd = false
        settledTime = min(now, cursor.following?.waiting?.since ?? now).subtractingClamping(Self.grace)
    }

    /// The process has ended: from now on `next()` reads to the end, and judges what is unfinished.
    package mutating func stopFollowing() {
        guard isFollowing else { return }
        if facts.isFlightRecorder { readNewDefinitions(now: nil) }
        cursor.following = nil
        cursor.resume(definitions: false, at: cursor.position)
        isAtEnd = false
    }

    /// A flight recorder keeps them in a stream of their own; calls may name what was defined meanwhile.
    /// - Parameter now: CLOCK_MONOTONIC nanoseconds; nil: the process has ended.
    private mutating func readNewDefinitions(now: UInt64?) {
        let (place, state) = (cursor.position, cursor.following)
        definitionsState.now = now ?? 0
        cursor.following = now == nil ? nil : definitionsState
        cursor.resume(definitions: true, at: definitionsEnd)
        readDefinitions()
        definitionsState = cursor.following ?? Following()
        cursor.following = state
        cursor.resume(definitions: false, at: place)
    }
}
