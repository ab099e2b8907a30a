import AddressSpace
import Foundation
import Testing
import TraceLog

/// SIGKILL at any instant: the log opens, nothing finished is missing, the replay is the map as it was.
@Suite struct KilledTests {
    struct Message: Equatable {
        var isFinished: Bool
        var call: CallKind
        var address: UInt64
        var length: UInt64
    }

    /// One run of until-killed: what it said, and its map as read from outside just before the end.
    struct Run {
        var messages: [Message]
        var maps: [String]
        var log: String
        /// Whether it died between two calls, so that the map from outside has one meaning.
        var isSettled: Bool { messages.last?.isFinished ?? true }
    }

    private func messages(_ data: Data) -> [Message] {
        stride(from: 0, to: data.count / 32 * 32, by: 32).compactMap { offset in
            let words = (0..<4).map { word in
                data[(offset + 8 * word)..<(offset + 8 * word + 8)].reversed().reduce(UInt64(0)) {
                    $0 << 8 | UInt64($1)
                }
            }
            return CallKind(rawValue: UInt8(truncatingIfNeeded: words[1])).map {
                Message(isFinished: words[0] == 1, call: $0, address: words[2], length: words[3])
            }
        }
    }

    /// Stops the program after `microseconds`, reads its map from outside, and kills it.
    private func runAndKill(_ program: String, seed: Int, after microseconds: UInt32, in scratch: Scratch)
        throws -> Run
    {
        let folder = scratch.file("log-\(seed)")
        let process = Process()
        let pipe = Pipe()
        _ = fcntl(pipe.fileHandleForReading.fileDescriptor, 1031 /* F_SETPIPE_SZ */, 1 << 20)
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["\(seed)"]
        process.environment = try preloadEnvironment(folder)
        process.standardOutput = pipe
        try process.run()
        // Every tenth dies while it starts; the others after their first word, however busy the machine is.
        if seed % 10 != 0 {
            var first = pollfd(
                fd: pipe.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
            poll(&first, 1, 5000)
        }
        usleep(microseconds)
        kill(process.processIdentifier, SIGSTOP)
        while try !isStopped(process.processIdentifier) { usleep(100) }
        let maps = try MapsLines.procText("/proc/\(process.processIdentifier)/maps")
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try pipe.fileHandleForWriting.close()
        let log = try scratch.contents("log-\(seed)").first ?? ""
        return Run(
            messages: messages(pipe.fileHandleForReading.readDataToEndOfFile()),
            maps: maps.split(separator: "\n").compactMap { MapsLines.comparable($0) }, log: "\(folder)/\(log)"
        )
    }

    private func isStopped(_ process: Int32) throws -> Bool {
        let stat = try MapsLines.procText("/proc/\(process)/stat")
        return stat.split(separator: ")").last?.split(separator: " ").first == "T"
    }

    /// The replay of the whole log, and the calls on the program's own area in their order.
    private func replay(_ run: Run) throws -> (maps: [String], calls: [Message]) {
        var reader = try LogReader(path: run.log)
        var space = AddressSpace(rules: KernelRules(reader.facts))
        var calls: [Message] = []
        let area =
            run.messages.first.map { first in run.messages.reduce(first.address) { min($0, $1.address) } }
            ?? .max
        while let entry = reader.next() {
            switch entry {
            case .snapshot(let snapshot): _ = space.adopt(snapshot)
            case .call(let call):
                space.apply(call)
                if call.arguments.0 >= area, call.arguments.0 < area + 512 * 4096,
                    call.arguments.1 <= 8 * 4096
                {
                    calls.append(
                        Message(
                            isFinished: true, call: call.kind, address: call.arguments.0,
                            length: call.arguments.1))
                }
            default: break
            }
        }
        #expect(reader.damageCount == 0)
        #expect(reader.lost == 0)
        return (MapsLines.of(space, reader.definitions), calls)
    }

    /// It makes no call in its last second; the log ends long before it does.
    @Test func `a process lived until it was killed, and not until its last record`() throws {
        let scratch = try Scratch()
        let log = scratch.file("log")
        _ = try mapfray("record", "--quiet", "-o", log, "sh", "-c", "sleep 1; kill -9 $$")
        let report = try mapfray("report", log, "--json").object
        #expect(report["duration"] as? Double ?? 0 >= 1)
    }

    @Test func `nothing finished is missing after SIGKILL at 200 instants`() throws {
        let scratch = try Scratch()
        let program = try scratch.compileWorkload("until-killed")
        var random = SystemRandomNumberGenerator()
        var settled = 0
        for seed in 1...200 {
            let run = try runAndKill(
                program, seed: seed, after: .random(in: 2_000...40_000, using: &random), in: scratch)
            // Killed before the tracer had begun: there is no area yet.
            if run.messages.isEmpty { continue }
            let (maps, calls) = try replay(run)
            let finished = run.messages.filter(\.isFinished)
            #expect(
                Array(calls.prefix(finished.count)) == finished, "seed \(seed): a finished call is missing")
            #expect(
                calls.count <= finished.count + 1,
                "seed \(seed): \(calls.count) calls, \(finished.count) finished")
            guard run.isSettled else { continue }
            settled += 1
            let wrong = Set(maps).symmetricDifference(run.maps).sorted()
            #expect(wrong.isEmpty, "seed \(seed), after \(finished.count) calls")
            try FileManager.default.removeItem(atPath: run.log)
        }
        #expect(settled >= 60, "only \(settled) of 200 kills fell between two calls")
    }
}
