/// The attributes that few VMAs have: memory policy, userfaultfd context, anonymous name. A VMA holds the number of
/// one combination, so that comparing is comparing numbers; 0 is "none of them".
struct ExtraTable: Sendable, Codable {
    struct Entry: Hashable, Sendable, Codable {
        /// The mode and the address of the node mask, which stands for its content; nil: the process's policy.
        var policy: Policy?
        /// The descriptor of the userfaultfd, and in the upper half its features that keep what it watches.
        var userfault: UInt64?
        /// The address of the name, which stands for its text.
        var name: UInt64?
    }

    struct Policy: Hashable, Sendable, Codable {
        var mode: UInt64
        var nodeMask: UInt64
        var maxNode: UInt64
        var homeNode: UInt64?
    }

    private var entries = [Entry()]
    private var numbers = [Entry(): UInt32(0)]

    subscript(number: UInt32) -> Entry { entries[Int(number)] }

    /// The number of `number`'s combination after `edit`.
    mutating func number(_ number: UInt32, _ edit: (inout Entry) -> Void) -> UInt32 {
        var entry = entries[Int(number)]
        edit(&entry)
        if let known = numbers[entry] { return known }
        entries.append(entry)
        numbers[entry] = UInt32(entries.count - 1)
        return UInt32(entries.count - 1)
    }
}
