import Foundation
import Testing
import TraceFormat

/// Whether a small file system of one's own can be mounted here.
private let canMount: Bool = {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
    process.arguments = ["--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
}()

@Suite struct `A ring in a hostile program` {
    /// Every record is in the log once, or counted as lost.
    private func expectExactCount(_ image: LogImage, of belief: RingWriter.Belief) {
        let found = image.sequences(of: 0)
        #expect(Set(found).count == found.count)
        #expect(UInt64(found.count) + image.header.lost == belief.begun[0])
        #expect(image.foreign == 0 && belief.errnoChanged == 0)
    }

    @Test(arguments: [400_000, 700_001, 1_234_567] as [UInt64])
    func `counts what a limit on file sizes took`(limit: UInt64) throws {
        let writer = try RingWriter()
        let belief = try writer.run(writer.process("limited", 60_000, limit))
        let image = try LogImage(path: writer.log)
        expectExactCount(image, of: belief)
        #expect(image.header.spill_errno == UInt64(EFBIG) && image.header.lost > 0)
        #expect(image.sequences(of: 0).last == 59_999, "the ring goes on with the newest")
    }

    /// The disk for the ring's later parts is not claimed yet when there is none any more.
    @Test(
        arguments: [60_000, 300_001, 2_000_000] as [UInt64], [("limited", 200_000), ("limitedThreads", 8)])
    func `counts what a limit took in the first lap, and in all later ones`(
        limit: UInt64, of scenario: (name: String, first: UInt64)
    ) throws {
        let writer = try RingWriter()
        let process = writer.process(
            scenario.name, scenario.first, limit, ring: 4 << 20, segment: 256 << 10)
        let belief = try writer.run(process)
        let image = try LogImage(path: writer.log)
        #expect(Set(image.records).count == image.records.count)
        #expect(UInt64(image.records.count) + image.header.lost == belief.begun.reduce(0, +))
        #expect(image.header.spill_errno == UInt64(EFBIG) && image.header.lost > 0)
        #expect(image.foreign == 0 && belief.errnoChanged == 0)
    }

    @Test func `counts what a limit took from many threads`() throws {
        let writer = try RingWriter()
        let belief = try writer.run(writer.process("limitedThreads", 8, 1_000_000))
        let image = try LogImage(path: writer.log)
        #expect(UInt64(Set(image.records).count) + image.header.lost == belief.begun.reduce(0, +))
        #expect(image.foreign == 0 && image.header.lost > 0)
    }

    @Test(.enabled(if: canMount, "needs a mount namespace"))
    func `counts what a full disk took`() throws {
        let writer = try RingWriter()
        let process = writer.process("full", 60_000)
        let arguments = ([RingWriter.program.path] + (process.arguments ?? [])).map { "'\($0)'" }
        let small = writer.folder.path + ".small"
        let shell = """
            mkdir -p \(small) && mount -t tmpfs -o size=900k none \(small) && \
            \(arguments.joined(separator: " ").replacingOccurrences(of: writer.log, with: small + "/log")) && \
            cp --sparse=always \(small)/log \(writer.log)
            """
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        process.arguments = ["--user", "--map-root-user", "--mount", "sh", "-c", shell]
        defer { try? FileManager.default.removeItem(atPath: small) }
        let belief = try writer.run(process)
        let image = try LogImage(path: writer.log)
        expectExactCount(image, of: belief)
        #expect(image.header.spill_errno == UInt64(ENOSPC) && image.header.lost > 0)
    }

    @Test(.enabled(if: canMount, "needs a mount namespace"))
    func `refuses to open where the ring finds no room`() throws {
        let writer = try RingWriter()
        let process = writer.process("full", 10, ring: 4 << 20)
        let small = writer.folder.path
        let arguments = ([RingWriter.program.path] + (process.arguments ?? [])).map { "'\($0)'" }
        let shell = """
            mount -t tmpfs -o size=1m none \(small); \(arguments.joined(separator: " ")) 2>/dev/null; \
            test $? = 1 && test -z "$(ls -A \(small))" && echo 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1
            """
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        process.arguments = ["--user", "--map-root-user", "--mount", "sh", "-c", shell]
        #expect(try writer.run(process).refused == 1)
    }

    @Test func `does not write into a file that got its descriptor`() throws {
        let writer = try RingWriter()
        _ = try writer.run(writer.process("closing", 3_000, 5))
        let image = try LogImage(path: writer.log)
        #expect(image.sequences(of: 0).elementsEqual(0..<15_000))
        #expect(image.header.spill_errno == 0 && image.header.lost == 0)
        for i in 0..<5 {
            #expect(
                try String(contentsOfFile: writer.log + ".own\(i)", encoding: .utf8) == "the program's own")
        }
    }

    @Test func `does not write into a file that stands in its place`() throws {
        let writer = try RingWriter()
        let belief = try writer.run(writer.process("gone", 2_000, 30_000))
        #expect(try String(contentsOfFile: writer.log, encoding: .utf8) == "the program's own")
        let image = try LogImage(path: writer.log + ".moved")
        expectExactCount(image, of: belief)
        #expect(image.header.spill_errno == UInt64(EBADF) && image.header.lost > 0)
    }
}
