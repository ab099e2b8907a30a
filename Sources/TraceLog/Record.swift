import TraceFormat

/// The bytes of one record; valid until the cursor moves on.
struct Record {
    let position: UInt64
    let bytes: UnsafeRawBufferPointer
    let kind: UInt8
    /// `mf_record.detail`.
    let detail: UInt8

    var size: Int { bytes.count }
    /// The position behind it.
    var end: UInt64 { position &+ UInt64(size) }

    /// A fixed part of the record, a C struct without pointers; the caller has compared its size with `size`.
    @inline(__always)
    func load<T>(at offset: Int = 0, as type: T.Type = T.self) -> T {
        precondition(offset >= 0 && offset <= size - MemoryLayout<T>.size)
        return bytes.load(fromByteOffset: offset, as: type)
    }

    func word(at offset: Int) -> UInt64 { load(at: offset) }

    /// Whether the record is large enough for a fixed part of type `T` and `count` elements behind it.
    @inline(__always)
    func has<T>(_ fixed: T.Type, and count: UInt64 = 0, elementsOf stride: Int = 1) -> Bool {
        guard size >= MemoryLayout<T>.size else { return false }
        return count <= UInt64((size - MemoryLayout<T>.size) / stride)
    }

    /// Bytes as text; what is no UTF-8 is repaired.
    func text(at offset: Int, count: UInt64) -> String {
        guard offset <= size, count <= UInt64(size - offset) else { return "" }
        return String(decoding: bytes[offset..<(offset + Int(count))], as: UTF8.self)
    }
}

/// The header word of a record, before anything is known of it.
struct RecordHeader {
    static let size = MemoryLayout<mf_record>.size
    static let largest = Int(MF_RECORD_SIZE_MAX)

    /// The record at the front of `bytes`, if there is a valid one that belongs at `position`.
    @inline(__always)
    static func record(in bytes: UnsafeRawBufferPointer, at position: UInt64) -> Record? {
        guard bytes.count >= size, let base = bytes.baseAddress else { return nil }
        let header = base.loadUnaligned(as: mf_record.self)
        let count = Int(header.size)
        guard isSane(header), count <= bytes.count, mf_record_check(position, base) == header.check
        else { return nil }
        let body = UnsafeRawBufferPointer(start: base, count: count)
        return Record(position: position, bytes: body, kind: header.kind, detail: header.detail)
    }

    /// How many bytes looking for a record at the front of `bytes` costs at most.
    static func cost(of bytes: UnsafeRawBufferPointer) -> UInt64 {
        guard bytes.count >= size else { return 8 }
        let header = bytes.loadUnaligned(as: mf_record.self)
        return isSane(header) ? UInt64(header.size) + 8 : 8
    }

    /// Whether the word may begin a record: only then is the check worth its cost. Kinds that only later programs know are
    /// records too.
    @inline(__always)
    private static func isSane(_ header: mf_record) -> Bool {
        let count = Int(header.size)
        return count >= size && count % 8 == 0 && count <= largest
            && header.kind != 0
    }
}
