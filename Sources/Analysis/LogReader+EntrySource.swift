package import TraceLog

extension LogReader: EntrySource {
    package var lostRecords: Int { Int(clamping: lost) }

    package var damageText: [String] {
        let rest = damageCount - damage.count
        return damage.map(\.meaning) + (rest > 0 ? ["\(rest) more places are damaged"] : [])
    }
}
