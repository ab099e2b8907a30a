/// The memory of leaves, many to a piece. What was given back last is taken first.
///
/// One of the files of this room that handle memory by hand (see VMATree).
struct VMALeafBlocks: ~Copyable {
    private var pieces: [UnsafeMutableRawPointer] = []
    /// Of the next piece: most address spaces have few leaves.
    private var byteCount = 4 * VMALeaf.byteCount
    /// The rest of the latest piece.
    private var rest = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// The block given back last, which holds the address of the one before it.
    private var free: UnsafeMutableRawPointer?

    deinit {
        for piece in pieces { piece.deallocate() }
    }

    /// A block of `VMALeaf.byteCount` bytes, which lives until it is given back or all are freed.
    mutating func take() -> UnsafeMutableRawPointer {
        if let block = free {
            free = block.load(as: UnsafeMutableRawPointer?.self)
            return block
        }
        if rest.count < VMALeaf.byteCount { rest = newPiece() }
        // A piece has room for one at the least.
        guard let block = rest.baseAddress else { preconditionFailure("a piece without memory") }
        rest = UnsafeMutableRawBufferPointer(rebasing: rest[VMALeaf.byteCount...])
        return block
    }

    mutating func give(_ block: UnsafeMutableRawPointer) {
        block.storeBytes(of: free, as: UnsafeMutableRawPointer?.self)
        free = block
    }

    private mutating func newPiece() -> UnsafeMutableRawBufferPointer {
        let piece = LargePages.allocate(byteCount: byteCount, alignment: VMALeaf.alignment)
        let memory = UnsafeMutableRawBufferPointer(start: piece, count: byteCount)
        pieces.append(piece)
        byteCount = min(byteCount * 2, LargePages.size)
        return memory
    }
}
