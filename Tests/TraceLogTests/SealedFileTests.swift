import Foundation
import Testing
import TraceFormat
import TraceLog

/// Files beside a log: read as they were written, by any version, or not at all.
struct SealedFileTests {
    private static let magic: UInt64 = 0x1122_3344_5566_7788
    private let content = ["numbers": Array(0..<5000)]

    /// A file with this header whose check is right.
    private func sealed(version: UInt64, _ body: Data) -> Data {
        let words = body + Data(repeating: 0, count: -body.count & 7)
        let check = words.withUnsafeBytes { mf_mix(UInt64(body.count), $0.baseAddress, words.count / 8) }
        let header = [Self.magic, version, UInt64(body.count), check].map(\.littleEndian)
        return header.withUnsafeBytes { Data($0) } + body
    }

    private func decoded(_ bytes: Data) -> [String: [Int]]? {
        SealedFile.decode(bytes, magic: Self.magic, as: [String: [Int]].self)
    }

    private func list() throws -> Data {
        let encoder = PropertyListEncoder()
        encoder.outputFormat = .binary
        return try encoder.encode(content)
    }

    @Test func `what is written is read, and takes less room`() throws {
        let bytes = try SealedFile.encode(content, magic: Self.magic)
        #expect(decoded(bytes) == content)
        #expect(try bytes.count < list().count)
    }

    @Test func `the first version, which packed nothing, is read`() throws {
        #expect(decoded(sealed(version: 1, try list())) == content)
        #expect(decoded(sealed(version: 3, try list())) == nil)
    }

    /// The size that a packed body claims is in its first eight bytes.
    @Test(arguments: [0, 1, 60_000, 1 << 40, .max] as [UInt64])
    func `a wrong size is refused before memory is taken for it`(claimed: UInt64) throws {
        var body = try SealedFile.encode(content, magic: Self.magic).dropFirst(32)
        let size = withUnsafeBytes(of: claimed.littleEndian) { Data($0) }
        body.replaceSubrange(body.startIndex..<body.startIndex + 8, with: size)
        #expect(decoded(sealed(version: 2, Data(body))) == nil)
        #expect(decoded(sealed(version: 2, Data(body.prefix(5)))) == nil)
    }
}
