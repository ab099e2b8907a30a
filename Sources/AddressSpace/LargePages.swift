import CPrefetch

/// Memory of which random places will be needed: pieces of whole large pages lie in such, if the kernel has any, for the
/// processor keeps the addresses of few small ones at hand.
enum LargePages {
    /// Bytes.
    static let size = 2 << 20

    /// To be freed by `deallocate()`.
    static func allocate(byteCount: Int, alignment: Int) -> UnsafeMutableRawPointer {
        let isLarge = byteCount % size == 0
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: byteCount, alignment: isLarge ? size : alignment)
        if isLarge { mapfray_use_large_pages(memory, byteCount) }
        return memory
    }
}
