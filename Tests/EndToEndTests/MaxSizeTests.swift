import Foundation
import Testing

/// `record --max-size`: older calls are folded up, and nothing that is alive loses its call site.
@Suite struct MaxSizeTests {
    private static let isLong = ProcessInfo.processInfo.environment["MAPFRAY_LONG_TESTS"] == "1"

    /// Bytes that a folder's files take on the disk.
    private func size(_ folder: String) throws -> Int {
        let result = try run("/usr/bin/du", ["-sk", folder])
        return (result.text.split(separator: "\t").first.flatMap { Int($0) } ?? 0) * 1024
    }

    /// What `sites` says, without what no two runs share.
    private func sites(_ log: String, _ arguments: [String] = []) throws -> [String] {
        let result = try run(mapfrayPath(), ["sites", log, "--json"] + arguments)
        guard result.status == 0, result.errors == "" else { throw Unexpected(result.errors) }
        return result.lines.map(String.init).filter { line in
            !["pid", "time", "growth_per_second", "median_lifetime"].contains { line.contains("\($0)\" :") }
        }
    }

    /// Whether a pipe is empty: the program has taken what it was given.
    private func isTaken(_ pipe: Pipe) -> Bool {
        var left: Int32 = 0
        return ioctl(pipe.fileHandleForWriting.fileDescriptor, UInt(FIONREAD), &left) == 0 && left == 0
    }

    /// Runs the program to its end; a byte is given whenever the recording takes no more than `most` and the last one was
    /// taken, so that the program waits for nothing but a machine too busy for both.
    private func record(_ log: String, _ command: [String], options: [String], most: Int) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try mapfrayPath())
        process.arguments = ["record", "--quiet", "-o", log] + options + command
        let (input, errors) = (Pipe(), Pipe())
        (process.standardInput, process.standardError) = (input, errors)
        signal(SIGPIPE, SIG_IGN)
        try process.run()
        for _ in 0..<20_000 where process.isRunning {
            if isTaken(input), try size(log) <= most {
                try? input.fileHandleForWriting.write(contentsOf: Data([1]))
            }
            usleep(5_000)
        }
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(try errors.fileHandleForReading.readToEnd() ?? Data() == Data())
    }

    /// What the tracer may spill (FORMAT.md): raised at the end of each folding.
    private func spillLimit(_ log: String) throws -> UInt64 {
        guard let name = try files(log, ".mapfray").first,
            let header = FileManager.default.contents(atPath: "\(log)/\(name)")?.prefix(1208),
            header.count == 1208
        else { return 0 }
        return header.suffix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private func files(_ log: String, _ suffix: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: log) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: log).filter { $0.hasSuffix(suffix) }
    }

    private func compare(steps: Int, bound: Int, pause: Int) throws {
        let scratch = try Scratch()
        let command = [try scratch.compileWorkload("replacing"), "\(steps)", "400", "\(pause)"]
        let (whole, bounded) = (scratch.file("whole"), scratch.file("bounded"))
        try record(whole, command, options: [], most: .max)
        try record(bounded, command, options: ["--max-size", "\(bound)M"], most: bound * 29 << 14)
        #expect(try !files(bounded, ".checkpoint").isEmpty)
        #expect(try size(bounded) <= bound << 20)
        #expect(try size(whole) > bound << 20)
        #expect(try sites(bounded) == sites(whole))
        #expect(try mapfray("verify", bounded).status == 0)
        try expectAnswers(bounded)
        for log in [whole, bounded] {
            let maps = try mapfray("maps", log, "--blame")
            #expect(maps.status == 0 && maps.text.contains("hold (replacing)"))
        }
    }

    /// What a folded log can tell is told, and what it cannot is refused in a sentence.
    private func expectAnswers(_ log: String) throws {
        for verb in [
            ["sites", "--by", "thread"], ["sites", "--by", "file"], ["report"], ["forecast"], ["plot"],
        ] {
            #expect(try run(mapfrayPath(), [verb[0], log] + verb.dropFirst()).status == 0, "\(verb)")
        }
        for verb in [["maps", "--at", "0.001"], ["sites", "--at", "0.001"], ["whatif", "--limit", "50"]] {
            let result = try run(mapfrayPath(), [verb[0], log] + verb.dropFirst())
            #expect(result.status == 1 && result.errors.contains("folded up"), "\(verb): \(result.errors)")
        }
        #expect(try mapfray("events", log).errors.contains("folded up"))
    }

    @Test func `within a bound the sites are the same as without one`() throws {
        try compare(steps: 120_000, bound: 16, pause: 4_000)
    }

    /// What is alive then, its checkpoint and a list of it have room in the smallest bound.
    @Test func `at the default limit the smallest bound loses nothing`() throws {
        let scratch = try Scratch()
        let log = scratch.file("log")
        let command = [try scratch.compileWorkload("replacing"), "60000", "2", "2000"]
        try record(log, command, options: ["--max-size", "16M"], most: 10 << 20)
        #expect(try size(log) <= 16 << 20)
        let report = try mapfray("report", log, "--json")
        #expect(report.status == 0 && report.errors == "")
        let (calls, vmas) = (
            report.object["calls"] as? [String: Any], report.object["vmas"] as? [String: Any]
        )
        #expect(calls?["lost"] as? Int == 0 && vmas?["peak"] as? Int ?? 0 > 59_000)
        #expect(try mapfray("verify", log).status == 0)
    }

    @Test(.enabled(if: isLong, "ten million calls take minutes (set MAPFRAY_LONG_TESTS=1)"))
    func `64 MB hold ten million calls`() throws {
        try compare(steps: 5_000_000, bound: 64, pause: 50_000)
    }

    /// Begins a recording, kills mapfray once it has folded the log, and lets the program go on alone to its end.
    private func recordKilled(_ log: String, steps: Int, bytes: Int, in scratch: Scratch) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try mapfrayPath())
        let command = [try scratch.compileWorkload("replacing"), "\(steps)", "400", "8000"]
        process.arguments = ["record", "--quiet", "--max-size", "16M", "-o", log] + command
        let input = Pipe()
        process.standardInput = input
        try process.run()
        // Less than may be spilled at first: how soon it is folded up does not matter.
        for _ in 0..<Self.early { try input.fileHandleForWriting.write(contentsOf: Data([1])) }
        try eventually { try spillLimit(log) > 8 << 20 }
        for _ in Self.early..<bytes { try input.fileHandleForWriting.write(contentsOf: Data([1])) }
        // Foundation would wait for the program as well.
        kill(process.processIdentifier, SIGKILL)
        try input.fileHandleForWriting.close()
        let number = try #require(try files(log, ".mapfray").first?.prefix { $0 != "." })
        // One that nobody waits for has no words any more.
        try eventually { FileManager.default.contents(atPath: "/proc/\(number)/cmdline")?.isEmpty ?? true }
    }

    /// Bytes of input that let the program make 64,000 calls, which take 6 MB.
    private static let early = 4

    // Folded at 4 MB; all 120,000 calls, 12 MB, fit into what may be spilled then.
    @Test(arguments: [5, 7])
    func `killed at any instant, nothing alive has lost its call site`(bytes: Int) throws {
        let scratch = try Scratch()
        let log = scratch.file("log")
        try recordKilled(log, steps: 60_000, bytes: bytes, in: scratch)
        let result = try mapfray("sites", log, "--json")
        #expect(result.status == 0 && result.errors == "")
        let sites = try #require(result.object["sites"] as? [[String: Any]])
        let held = sites.first { $0["name"] as? String == "hold@replacing" }
        #expect(held?["split"] as? Int == 2 * 150)
        #expect(try mapfray("verify", log).status == 0)
    }

    @Test func `with nobody left to fold, the bound holds all the same, and the loss is counted and said`()
        throws
    {
        let scratch = try Scratch()
        let log = scratch.file("log")
        try recordKilled(log, steps: 400_000, bytes: 5, in: scratch)
        try scratch.expectInexact("log", because: "records were lost on purpose")
        #expect(try size(log) <= 16 << 20)
        let report = try mapfray("report", log, "--json")
        #expect(report.status == 0 && report.errors.contains("--max-size"))
        let calls = try #require(report.object["calls"] as? [String: Any])
        let (total, lost) = (calls["total"] as? Int ?? 0, calls["lost"] as? Int ?? 0)
        // Among the lost are records that are no calls, and some that were lost twice over are in the ring.
        #expect(lost > 300_000 && abs(total + lost - 804_000) < 15_000)
    }

    @Test func `children keep the call sites they were born with`() throws {
        let scratch = try Scratch()
        let log = scratch.file("log")
        let program = try scratch.compileWorkload("forked-early")
        try record(log, [program, "60000", "4000"], options: ["--max-size", "16M"], most: 29 << 18)
        #expect(try files(log, ".checkpoint").count == 1)
        let logs = try files(log, ".mapfray").sorted { $0.count < $1.count || $0 < $1 }
        #expect(logs.count == 3)
        for name in logs {
            let process = String(name.prefix { $0 != "." })
            let sites = try mapfray("sites", log, "--pid", process, "--json")
            let list = sites.object["sites"] as? [[String: Any]] ?? []
            let held = list.first { $0["name"] as? String == "hold@forked-early" }
            #expect(held?["vmas"] as? Int ?? 0 >= 3 * 50, "\(name): \(sites.text)")
            #expect(try mapfray("verify", log, "--pid", process).status == 0)
        }
    }

    @Test(arguments: [
        (["--max-size", "1M"], "at least 16M"),
        (["--max-size", "64M", "--flight-recorder", "8M"], "exclude each other"),
        (["--max-size", "much"], "much"),
    ])
    func `a bound that cannot be kept is refused`(arguments: [String], message: String) throws {
        let result = try run(mapfrayPath(), ["record"] + arguments + ["true"])
        #expect(result.status == 64 && result.errors.contains(message))
    }
}
