import Foundation
import Testing
import TraceFormat

@Suite struct VerifyTests {
    private let workload: Workload

    init() throws { workload = try Workload() }

    @Test func `the replay equals the kernel at every snapshot`() throws {
        let text = try mapfray("verify", workload.log)
        #expect(text.status == 0, "\(text.text)")
        #expect(text.text.hasPrefix("The replay equals the kernel at "))
        let document = try mapfray("verify", workload.log, "--json").object
        let snapshots = try #require(document["snapshots"] as? [[String: Any]])
        #expect(snapshots.first?["loaded"] as? Bool == true)
        #expect(snapshots.count >= 2)
        #expect(snapshots.allSatisfy { $0["different"] as? Int == 0 })
        #expect(document["lost"] as? Int == 0)
    }

    @Test func `an error planted in a log is reported, with both lines`() throws {
        let name = try #require(FileManager.default.contentsOfDirectory(atPath: workload.log).first)
        let url = URL(fileURLWithPath: "\(workload.log)/\(name)")
        var bytes = [UInt8](try Data(contentsOf: url))
        let address = try #require(Self.plantError(&bytes))
        try Data(bytes).write(to: url)
        try workload.scratch.expectInexact("log", because: "an error is planted in it")
        let result = try mapfray("verify", workload.log, "--json")
        #expect(result.status == 1)
        let snapshots = try #require(result.object["snapshots"] as? [[String: Any]])
        let lines = try #require(snapshots.last?["differences"] as? [String])
        #expect(snapshots.last?["different"] as? Int == 1)
        let place = String(address, radix: 16)
        #expect(lines.count == 2 && lines.allSatisfy { $0.contains(place) }, "\(lines)")
        #expect(try mapfray("verify", workload.log).text.contains("differ"))
    }

    /// Gives the program's 50th mprotect(PROT_NONE) the right to read, under a check that holds; returns the address.
    private static func plantError(_ bytes: inout [UInt8]) -> UInt64? {
        bytes.withUnsafeMutableBytes { bytes -> UInt64? in
            guard let base = bytes.baseAddress else { return nil }
            let ring = Int(bytes.load(as: mf_header.self).identity.ring_offset)
            let arguments = MemoryLayout<mf_call>.size
            var (at, found) = (ring, 0)
            while at + arguments + 24 <= bytes.count {
                let record = base + at
                var head = record.loadUnaligned(as: mf_record.self)
                let isWhole = head.size >= 8 && head.size <= 8192 && at + Int(head.size) <= bytes.count
                guard isWhole, head.check == mf_record_check(UInt64(at - ring), record) else {
                    at += 8
                    continue
                }
                let isMprotect = head.kind == MF_CALL.rawValue && head.detail == MF_CALL_MPROTECT.rawValue
                if isMprotect, record.loadUnaligned(fromByteOffset: arguments + 16, as: UInt64.self) == 0 {
                    found += 1
                    if found == 50 {
                        record.storeBytes(of: 1, toByteOffset: arguments + 16, as: UInt64.self)
                        head.check = mf_record_check(UInt64(at - ring), record)
                        record.storeBytes(of: head, as: mf_record.self)
                        return record.loadUnaligned(fromByteOffset: arguments, as: UInt64.self)
                    }
                }
                at += Int(head.size)
            }
            return nil
        }
    }

    @Test func `all processes are verified, also those that were not at fault`() throws {
        let scratch = try Scratch()
        let shell = "/usr/bin/env /bin/true; kill -9 $$"
        _ = try mapfray("record", "--quiet", "-o", scratch.file("log"), "sh", "-c", shell)
        let result = try mapfray("verify", scratch.file("log"), "--pid", "all")
        // Of the shell, which was killed, there is one list; env's process has two images.
        #expect(
            result.status == 0 && result.text.hasSuffix("at 2 of 2 snapshots of 3 logs.\n"), "\(result.text)")
        #expect(result.text.contains("There is no second snapshot of process "))
        let documents = try mapfray("verify", scratch.file("log"), "--pid", "all", "--json").lines
        #expect(documents.count == 3 && documents.allSatisfy { $0.hasPrefix("{") })
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: scratch.file("log/9.9.mapfray")))
        let others = try mapfray("verify", scratch.file("log"), "--pid", "all")
        #expect(others.text == result.text && others.errors.contains("9.9.mapfray"), "\(others.errors)")
    }

    @Test func `nothing to compare with is no proof`() throws {
        let scratch = try Scratch()
        _ = try mapfray("record", "--quiet", "-o", scratch.file("log"), "sh", "-c", "kill -9 $$")
        let result = try mapfray("verify", scratch.file("log"))
        #expect(result.status == 1)
        #expect(result.text.hasPrefix("There is no second snapshot of process "))
    }
}
