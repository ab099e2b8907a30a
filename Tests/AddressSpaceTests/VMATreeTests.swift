import MapPlayer
import Testing
import TraceLog

@testable import AddressSpace

@Suite struct `The tree of VMAs` {
    /// One VMA of `size` pages at page `at`.
    private static func vma(_ at: Int, _ size: Int) -> VMA {
        VMA(
            start: UInt64(at) * 4096, end: UInt64(at + size) * 4096, pgoff: UInt64(at), flags: .read, time: 0,
            owner: Owner(stack: .none, cause: .created, kind: .mmap))
    }

    @Test(arguments: 1...4) func `insertions and removals as in a sorted array`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var tree = VMATree()
        var array: [VMA] = []
        for step in 0..<12000 {
            let page = Int.random(in: 0..<3000, using: &random) * 2
            let address = UInt64(page) * 4096
            let index = array.firstIndex { $0.end > address } ?? array.count
            let cursor = tree.first(endingAbove: address)
            let found = index < array.count && array[index].start <= address
            let isEnd = tree.isEnd(cursor)
            #expect(isEnd == (index == array.count))
            if found, step % 10000 > 3000 || step % 3 == 0 {
                array.remove(at: index)
                let next = tree.remove(cursor)
                #expect(
                    (tree.isEnd(next) ? nil : tree[next].start)
                        == (index < array.count ? array[index].start : nil))
            } else if !found {
                let new = Self.vma(page, 1)
                array.insert(new, at: index)
                #expect(tree[tree.insert(new, at: cursor)].start == new.start)
            }
            if step % 997 == 0 { Self.compare(tree, array) }
        }
        Self.compare(tree, array)
        Self.compare(tree.copy(), array)
    }

    private static func compare(_ tree: borrowing VMATree, _ array: [VMA]) {
        #expect(tree.count == array.count)
        #expect(tree.mappedBytes == array.reduce(0) { $0 + $1.size })
        var cursor = tree.first(endingAbove: 0)
        for vma in array {
            #expect(!tree.isEnd(cursor) && tree[cursor].start == vma.start && tree[cursor].end == vma.end)
            cursor = tree.next(cursor)
        }
        let isAtEnd = tree.isEnd(cursor)
        #expect(isAtEnd)
        var place: VMATree.Cursor? = tree.previous(cursor)
        for vma in array.reversed() {
            #expect(place.map { tree[$0].start } == vma.start)
            place = place.flatMap { tree.previous($0) }
        }
        #expect(place == nil)
    }
}
