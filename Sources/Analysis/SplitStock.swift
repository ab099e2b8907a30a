import AddressSpace

/// What could still be cut: the large mappings of a process that cuts others into small pieces.
///
/// The count tells nothing of a cliff before it comes; the memory that can fall off it is there before.
struct SplitStock: Sendable, Codable {
    /// VMAs that a call cut off another, and their median size in bytes.
    private(set) var pieces = 0
    private(set) var pieceSize: UInt64 = 0
    /// Accessible anonymous VMAs of many times that size: how many, and their bytes.
    private(set) var large = 0
    private(set) var largeBytes: UInt64 = 0

    /// Fewer pieces are no habit; a mapping of fewer pieces is no stock.
    private static let least = (pieces: 256, inLarge: 16)

    init() {}

    init(_ space: borrowing AddressSpace) {
        var sizes: [UInt64] = []
        space.forEach { vma in
            if vma.isAnonymous, vma.owner.cause == .split { sizes.append(vma.size) }
            return true
        }
        pieces = sizes.count
        guard pieces >= Self.least.pieces else { return }
        sizes.sort()
        pieceSize = sizes[sizes.count / 2]
        let bound = pieceSize * UInt64(Self.least.inLarge)
        var (large, bytes) = (0, UInt64(0))
        space.forEach { vma in
            if vma.isAnonymous, vma.isAccessible, vma.size >= bound {
                large += 1
                bytes += vma.size
            }
            return true
        }
        (self.large, largeBytes) = (large, bytes)
    }

    /// VMAs that the large mappings would become if they were cut as finely as the pieces.
    var more: Int { pieceSize == 0 ? 0 : Int(clamping: largeBytes / pieceSize) }

    /// Whether enough was cut to tell what cutting is like here.
    var isCut: Bool { pieceSize > 0 }

    /// The warning of a cliff; nil where there is not enough to cut.
    func warning(count: Int, limit: Int) -> String? {
        guard more > 0, count + more > limit else { return nil }
        let (cut, left) = (NumberText.count(pieces), NumberText.count(large))
        return "\(cut) pieces of \(ByteText.of(pieceSize)) (median) were cut off larger mappings; the "
            + "\(left) that are left, \(ByteText.of(largeBytes)), cut as finely, would be "
            + "\(NumberText.count(more)) VMAs more, past the limit of \(NumberText.count(limit))"
    }
}

extension VMA {
    fileprivate var isAccessible: Bool { !flags.isDisjoint(with: [.read, .write, .exec]) }
}
