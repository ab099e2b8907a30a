/// What a call or a snapshot did to the set of VMAs; keeps its memory from one call to the next.
@usableFromInline package struct ChangeList: RandomAccessCollection, Sendable {
    /// Those behind `count` are of earlier calls: to take them away one by one costs more than to write over them.
    @usableFromInline var memory: [Change] = []
    @usableFromInline package private(set) var count = 0

    package init() {}

    @inlinable package var startIndex: Int { 0 }
    @inlinable package var endIndex: Int { count }

    @inlinable package subscript(index: Int) -> Change {
        precondition(index < count)
        return memory[index]
    }

    @inline(__always)
    mutating func append(_ change: Change) {
        if count < memory.count { memory[count] = change } else { memory.append(change) }
        count &+= 1
    }

    @inline(__always)
    mutating func removeAll() { count = 0 }
}
