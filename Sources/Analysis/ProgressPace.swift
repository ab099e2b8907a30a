/// How often a pass tells how far it has come: about every 65,536 entries.
struct ProgressPace {
    private(set) var entries = 0

    /// Counts entries; whether it is time to tell.
    @inline(__always)
    mutating func isDue(after more: Int) -> Bool {
        let before = entries >> 16
        entries &+= more
        return entries >> 16 > before
    }
}
