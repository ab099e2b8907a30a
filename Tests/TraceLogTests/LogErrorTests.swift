import Foundation
import Testing
import TraceFormat
import TraceLog

struct LogErrorTests {
    /// Changes the identity of an intact log and makes its check right again.
    private func log(_ change: (inout mf_identity) -> Void) throws -> RecordedLog {
        let log = try RecordedLog(ringSize: 32 << 10)
        var image = try Data(contentsOf: URL(fileURLWithPath: log.path))
        var identity = image.withUnsafeBytes { $0.load(as: mf_identity.self) }
        change(&identity)
        let check = mf_identity_check(&identity)
        withUnsafeBytes(of: identity) { image.replaceSubrange(0..<$0.count, with: $0) }
        withUnsafeBytes(of: check) { image.replaceSubrange(96..<104, with: $0) }
        try image.write(to: URL(fileURLWithPath: log.path))
        return log
    }

    private func expect(
        _ expected: LogError, from path: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: expected, sourceLocation: sourceLocation) { try readings(ofFile: path) }
        #expect(expected.description.hasPrefix("\(path): "), sourceLocation: sourceLocation)
    }

    @Test func `files that are no logs`() throws {
        let log = try RecordedLog()
        let path = log.folder.appendingPathComponent("other").path
        expect(.notFound(path: path), from: path)
        for (content, error) in [
            ("", LogError.empty(path: path)), ("#!/bin/sh\n", .notALog(path: path)),
            (String(repeating: "x", count: 9000), .notALog(path: path)),
            (String(repeating: "\0", count: 9000), .notALog(path: path)),
        ] {
            try content.write(toFile: path, atomically: false, encoding: .utf8)
            expect(error, from: path)
        }
        expect(.notAFile(path: "/dev/null"), from: "/dev/null")
    }

    @Test func `a header that ends too early`() throws {
        let log = try RecordedLog()
        let path = log.folder.appendingPathComponent("cut").path
        let image = try Data(contentsOf: URL(fileURLWithPath: log.path))
        for size in [8, 50, 104, 1000, 4095] {
            try image.prefix(size).write(to: URL(fileURLWithPath: path))
            expect(.truncatedHeader(path: path, size: UInt64(size)), from: path)
        }
    }

    @Test func `a newer version and unknown features`() throws {
        let newer = try log { $0.version = 2 }
        expect(.newerVersion(path: newer.path, found: 2, known: 1), from: newer.path)
        let other = try log { $0.features = 6 }
        expect(.unknownFeatures(path: other.path, bits: 6), from: other.path)
    }

    @Test func `the other byte order`() throws {
        let swapped = try log { $0.magic = $0.magic.byteSwapped }
        expect(.wrongByteOrder(path: swapped.path), from: swapped.path)
    }

    @Test func `sizes that cannot be`() throws {
        for change: (inout mf_identity) -> Void in [
            { $0.segment_count = 0 }, { $0.segment_count = 65 }, { $0.segment_size = 0 },
            { $0.ring_size = .max },
            { $0.spill_offset = 0 }, { $0.ring_offset = .max }, { $0.page_size = 0 }, { $0.header_size = 1 },
            { ($0.segment_size, $0.segment_count) = (1 << 63, 2) },
        ] {
            let log = try log(change)
            expect(.headerDamaged(path: log.path), from: log.path)
        }
    }

    @Test func `huge sizes cost neither time nor memory`() throws {
        let huge = try log {
            ($0.segment_size, $0.segment_count, $0.ring_size) = (1 << 53, 64, 1 << 59)
            $0.spill_offset = $0.ring_offset + $0.ring_size
        }
        #expect(try readings(ofFile: huge.path).isEmpty)
    }

    @Test func `a log of another user`() async {
        await #expect(processExitsWith: .success) {
            let log = try RecordedLog()
            try #require(chmod(log.path, 0) == 0)
            let user = geteuid()
            if user == 0 { try #require(seteuid(65534) == 0) }
            // Nobody else may remove it.
            defer { withExtendedLifetime(log) { _ = seteuid(user) } }
            let error = #expect(throws: LogError.self) { try readings(ofFile: log.path) }
            #expect(error == .unreadable(path: log.path, errno: EACCES))
            #expect(error?.description.contains("Permission denied") == true)
        }
    }

    @Test func `folders`() throws {
        let log = try RecordedLog()
        log.process(command: ["good"])
        let empty = log.folder.appendingPathComponent("empty").path
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: false)
        #expect(throws: LogError.noLogs(path: empty)) { try LogFolder(path: empty) }
        let missing = empty + "/missing"
        #expect(throws: LogError.notFound(path: missing)) { try LogFolder(path: missing) }
        let bad = log.folder.appendingPathComponent("0.mapfray").path
        try "".write(toFile: bad, atomically: false, encoding: .utf8)
        let files = try LogFolder(path: log.folder.path).files
        #expect(files.map(\.path) == [log.path, bad])
        #expect(try files[0].facts.get().command == ["good"])
        #expect(throws: LogError.empty(path: bad)) { try files[1].facts.get() }
        #expect(try LogFolder(path: log.path).files.map(\.path) == [log.path])
    }
}
