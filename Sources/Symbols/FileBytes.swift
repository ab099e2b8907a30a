/// Bytes of a mapped file, least significant first; a read that leaves them gives nil.
///
/// Points into the mapping, which must outlive it.
struct FileBytes {
    let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var count: Int { bytes.count }

    func integer<T: FixedWidthInteger>(at offset: Int, as type: T.Type = T.self) -> T? {
        guard offset >= 0, offset <= bytes.count - MemoryLayout<T>.size else { return nil }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
    }

    /// As `integer`, at an offset that the file states.
    func integer<T: FixedWidthInteger>(at offset: some BinaryInteger, as type: T.Type = T.self) -> T? {
        Int(exactly: offset).flatMap { integer(at: $0, as: type) }
    }

    subscript(range: Range<Int>) -> FileBytes? {
        guard range.lowerBound >= 0, range.upperBound <= bytes.count else { return nil }
        return FileBytes(UnsafeRawBufferPointer(rebasing: bytes[range]))
    }

    func suffix(from offset: some BinaryInteger) -> FileBytes? {
        guard let offset = Int(exactly: offset), offset <= bytes.count else { return nil }
        return self[offset..<bytes.count]
    }

    /// The text that begins at an offset and ends before a zero; nil where none begins there.
    ///
    /// Texts lie one behind the other: what has no zero before it is the rest of another.
    func text(at offset: some BinaryInteger) -> String? {
        guard let start = Int(exactly: offset), start >= 0, start < bytes.count,
            start == 0 || bytes[start - 1] == 0,
            let end = bytes[start...].firstIndex(of: 0), start < end
        else { return nil }
        return String(validating: bytes[start..<end], as: UTF8.self)
    }
}
