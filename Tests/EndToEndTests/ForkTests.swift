import Foundation
import Testing

@Suite struct ForkTests {
    /// What a process told of itself: the kernel's list at an instant.
    private struct Told {
        let process: String
        let instant: String
        let maps: [Substring]

        init(_ text: String) throws {
            var lines = text.split(separator: "\n")
            let head = lines.removeFirst().split(separator: " ").map(String.init)
            guard head.count == 2 else { throw Unexpected(text) }
            (process, instant, maps) = (head[0], head[1], lines)
        }
    }

    private let scratch: Scratch
    private let log: String
    private let born: Told
    private let later: Told

    init() throws {
        scratch = try Scratch()
        log = scratch.file("log")
        let result = try mapfray("record", "--quiet", "-o", log, scratch.compileWorkload("forked"))
        let parts = result.text.components(separatedBy: "--\n")
        guard result.status == 0, parts.count == 2 else { throw Unexpected(result.errors) }
        (born, later) = (try Told(parts[0]), try Told(parts[1]))
    }

    private func map(_ told: Told) throws -> Execution {
        try mapfray("maps", log, "--pid", told.process, "--at", "@\(told.instant)", "--all")
    }

    @Test func `a child that has made no call yet has the map its parent forked`() throws {
        let result = try map(born)
        #expect(result.lines == born.maps)
        #expect(result.errors.contains("had no log yet"))
    }

    @Test func `a child with a log of its own is rebuilt from that`() throws {
        let result = try map(later)
        #expect(result.lines == later.maps)
        #expect(result.errors.isEmpty)
    }

    @Test func `the child's first list judges what it inherited`() throws {
        let result = try mapfray("verify", log, "--pid", later.process, "--json")
        #expect(result.status == 0)
        let snapshots = result.object["snapshots"] as? [[String: Any]] ?? []
        let fork = try #require(snapshots.first { $0["reason"] as? String == "fork" })
        #expect(fork["loaded"] as? Bool == false)
        #expect(fork["different"] as? Int == 0)
    }

    @Test func `what the parent made keeps its owner in the child`() throws {
        let result = try mapfray("sites", log, "--pid", later.process, "--json")
        let sites = result.object["sites"] as? [[String: Any]] ?? []
        let frames = try #require(sites.first?["frames"] as? [[String: Any]])
        #expect(frames.first?["function"] as? String == "hold")
        #expect(sites.first?["vmas"] as? Int ?? 0 >= 3 * 50)
    }

    @Test func `before the first list the first list answers, and says so`() throws {
        let head = try mapfray("events", log, "--pid", "all").lines.first?.split(separator: " ") ?? []
        let start = try #require(head.first.flatMap { UInt64($0) })
        let result = try mapfray("maps", log, "--pid", String(head[1]), "--at", "@\(start - 50_000_000)")
        #expect(result.status == 0)
        #expect(result.errors.contains("was only starting then"))
        #expect(result.errors.split(separator: "\n").count == 1)
        #expect(result.lines.count > 10)
    }
}
