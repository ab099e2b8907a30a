internal import CZlib
internal import Foundation

/// Bytes packed by zlib (RFC 1950), behind their number when unpacked: eight bytes, lowest first.
enum Deflated {
    /// Deflate makes at most 1,032 bytes of one (zlib.net, "Technical details").
    private static let mostRatio = 1032
    private static let headerSize = 8

    /// The packed bytes, quickly rather than as small as can be; nil without the memory for them.
    static func pack(_ bytes: Data) -> Data? {
        var size = compressBound(uLong(bytes.count))
        var packed = Data(count: Int(size))
        let code = packed.withUnsafeMutableBytes { target in
            bytes.withUnsafeBytes { source in
                compress2(
                    target.baseAddress?.assumingMemoryBound(to: Bytef.self), &size,
                    source.baseAddress?.assumingMemoryBound(to: Bytef.self), uLong(source.count), Z_BEST_SPEED
                )
            }
        }
        guard code == Z_OK else { return nil }
        let header = withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { Data($0) }
        return header + packed.prefix(Int(size))
    }

    /// The bytes as they were; nil if these are none that were packed so.
    static func unpack(_ packed: Data) -> Data? {
        guard packed.count > headerSize else { return nil }
        let count = packed.prefix(headerSize).reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        guard count <= UInt64(packed.count) * UInt64(mostRatio) else { return nil }
        var size = uLong(count)
        // zlib wants a place to write to even for nothing.
        var bytes = Data(count: max(Int(count), 1))
        let code = bytes.withUnsafeMutableBytes { target in
            packed.dropFirst(headerSize).withUnsafeBytes { source in
                uncompress(
                    target.baseAddress?.assumingMemoryBound(to: Bytef.self), &size,
                    source.baseAddress?.assumingMemoryBound(to: Bytef.self), uLong(source.count))
            }
        }
        return code == Z_OK && size == uLong(count) ? bytes.prefix(Int(count)) : nil
    }
}
