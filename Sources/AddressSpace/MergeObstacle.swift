/// One attribute that keeps two neighbouring VMAs from being one.
package enum MergeObstacle: Hashable, Sendable {
    /// Addresses between them where nothing is mapped.
    case hole(bytes: UInt64)
    case rights
    /// Flags that only one of them has, rights and the protection key left out.
    case flags(VMAFlags)
    case protectionKey
    /// One maps another file than the other, or none.
    case file
    /// Both map one file, but through different open file descriptions.
    case fileDescription
    /// The offset does not go on where the left one's stops; of anonymous memory the address it was born at.
    case offset
    case memoryPolicy
    case userfaultfd
    case name
    /// Both were written, apart from each other, or came through fork.
    case anonVMA
    /// I/O memory and the like never merges.
    case special
    /// The owner of the mapping wants to be told when it goes (SysV shared memory).
    case closeHook
}

extension AddressSpace {
    /// Everything that keeps two VMAs apart, the left one first in the map and nothing else between them; empty if
    /// they could be one and no call has tried since they became equal (fork, and calls that change nothing, never try).
    ///
    /// Made of the comparisons that `mergeable` makes. Two VMAs merge once every obstacle is gone.
    package func obstacles(between left: VMA, and right: VMA) -> [MergeObstacle] {
        var result: [MergeObstacle] = []
        if left.end < right.start { result.append(.hole(bytes: right.start - left.end)) }
        if left.isSpecial || right.isSpecial { result.append(.special) }
        result += flagObstacles(differingFlags(left, right))
        result += fileObstacles(left, right)
        result += extraObstacles(extras[left.extra], extras[right.extra])
        if !continues(left, right) { result.append(.offset) }
        if hooksForbid(left, right) { result.append(.closeHook) }
        if !anonAllows(left, right), !anonAllows(right, left) { result.append(.anonVMA) }
        return result
    }

    private func flagObstacles(_ flags: VMAFlags) -> [MergeObstacle] {
        let others = flags.subtracting(.rights.union(.protectionKey).union(.special))
        return (flags.isDisjoint(with: .rights) ? [] : [.rights])
            + (others.isEmpty ? [] : [.flags(others)])
            + (flags.isDisjoint(with: .protectionKey) ? [] : [.protectionKey])
    }

    private func fileObstacles(_ left: VMA, _ right: VMA) -> [MergeObstacle] {
        if left.description == right.description { return [] }
        let isSame = left.description != 0 && right.description != 0 && left.file == right.file
        return [isSame ? .fileDescription : .file]
    }

    private func extraObstacles(_ left: ExtraTable.Entry, _ right: ExtraTable.Entry) -> [MergeObstacle] {
        (left.policy == right.policy ? [] : [.memoryPolicy])
            + (left.userfault == right.userfault ? [] : [.userfaultfd])
            + (left.name == right.name ? [] : [.name])
    }

    /// Whichever of the two a merge would delete has a hook.
    private func hooksForbid(_ left: VMA, _ right: VMA) -> Bool {
        !closeHooksAllow(left, right, target: .left)
            || left.flags.intersection(right.flags).contains(.closeHook) && !rules.closeHookGoesUnasked
    }
}
