package import Foundation
import TraceFormat

/// A small file beside a log, whole or of no use.
///
/// Eight bytes of magic, the version, the size and the check of what follows (`mf_mix`), each eight bytes with the
/// lowest first; then a binary property list, whose keys let later versions read it, packed (`Deflated`) since
/// version 2.
package enum SealedFile {
    private static let plain: UInt64 = 1
    private static let packed: UInt64 = 2
    private static let headerSize = 32

    /// The bytes of the file.
    package static func encode(_ content: some Encodable, magic: UInt64) throws -> Data {
        let encoder = PropertyListEncoder()
        encoder.outputFormat = .binary
        let list = try encoder.encode(content)
        let small = Deflated.pack(list)
        let body = small ?? list
        let header = [magic, small == nil ? plain : packed, UInt64(body.count), check(body)].map(
            \.littleEndian)
        return header.withUnsafeBytes { Data($0) } + body
    }

    /// The content in a file's bytes; nil if it is of another kind, or damaged.
    package static func decode<Content: Decodable>(_ bytes: Data, magic: UInt64, as: Content.Type) -> Content?
    {
        guard bytes.count >= headerSize else { return nil }
        var header = [UInt64](repeating: 0, count: 4)
        _ = header.withUnsafeMutableBytes { bytes.copyBytes(to: $0, count: headerSize) }
        header = header.map(UInt64.init(littleEndian:))
        let body = Data(bytes.dropFirst(headerSize))
        guard [magic, UInt64(body.count), check(body)] == [header[0], header[2], header[3]],
            let list = list(in: body, version: header[1])
        else { return nil }
        return try? PropertyListDecoder().decode(Content.self, from: list)
    }

    private static func list(in body: Data, version: UInt64) -> Data? {
        switch version {
        case plain: body
        case packed: Deflated.unpack(body)
        default: nil
        }
    }

    private static func check(_ body: Data) -> UInt64 {
        // Whole words; zeros fill the last one.
        let words = body + Data(repeating: 0, count: -body.count & 7)
        return words.withUnsafeBytes { mf_mix(UInt64(body.count), $0.baseAddress, words.count / 8) }
    }
}
