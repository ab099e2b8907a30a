package import AddressSpace

/// Counts VMAs by owner from the changes alone.
package struct Ledger {
    private var live: [Owner: Int] = [:]

    package init() {}

    /// The owners of what a forked child begins with.
    package init(of space: borrowing AddressSpace) { live = actual(space) }

    package mutating func note(_ changes: ChangeList) {
        for change in changes { live[change.owner, default: 0] += change.kind == .appeared ? 1 : -1 }
    }

    private func actual(_ space: borrowing AddressSpace) -> [Owner: Int] {
        var result: [Owner: Int] = [:]
        space.forEach {
            result[$0.owner, default: 0] += 1
            return true
        }
        return result
    }

    /// Whether the changes add up to the set; in a large set only their number is compared.
    package func agrees(with space: borrowing AddressSpace) -> Bool {
        if space.count > 5000 { return live.values.reduce(0, +) == space.count }
        let actual = actual(space)
        return live.filter { $0.value != 0 } == actual && actual.values.reduce(0, +) == space.count
    }

    package func text(_ space: borrowing AddressSpace) -> String {
        "\(live.filter { $0.value != 0 }) against \(actual(space))"
    }
}
