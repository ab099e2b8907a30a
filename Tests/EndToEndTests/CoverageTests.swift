import Foundation
import Testing

/// strace beside mapfray, over programs of many runtimes: every call that the kernel saw after recording began is in
/// the log of its thread, and nothing else is.
@Suite(.serialized) struct CoverageTests {
    /// A program to run, and what it needs.
    struct Program: CustomTestStringConvertible, Sendable {
        var name: String
        /// Files that must exist, or the program is left out.
        var needs: [String] = []
        /// Run by sh in a folder of its own, before: outside strace and mapfray.
        var preparation = ""
        /// Run by sh, traced.
        var script: String
        /// Programs in it that cannot be traced: how many threads may have no record.
        var untraced = 0
        /// How many calls the log must hold at the least, so that the comparison says something.
        var least = 100

        var testDescription: String { name }
    }

    /// How much a program maps depends on its locale: none of its files in C, a dozen in others.
    private static let locale = ["LC_ALL": "C.UTF-8"]

    private func isThere(_ program: Program) -> Bool {
        let missing = program.needs.filter { !FileManager.default.fileExists(atPath: $0) }
        if !missing.isEmpty { print("skipped \(program.name): no \(missing.joined(separator: ", ")) here") }
        return missing.isEmpty
    }

    @Test(arguments: programs + loaders)
    func `strace and the log agree`(program: Program) throws {
        guard isThere(program) else { return }
        let scratch = try Scratch()
        let prepared = try run("/bin/sh", ["-ec", program.preparation], in: scratch.path)
        try #require(prepared.status == 0, "\(prepared.errors)")
        let calls = "trace=execve,exit,exit_group," + SystemCall.names.keys.sorted().joined(separator: ",")
        let result = try run(
            "/usr/bin/strace",
            [
                "-ff", "-s", "0", "-e", "signal=none", "-o", scratch.file("strace"), "-e", calls, "--",
                mapfrayPath(),
                "record", "--quiet", "-o", scratch.file("log"), "--", "/bin/sh", "-ec", program.script,
            ], in: scratch.path, environment: Self.locale)
        #expect(result.status == 0, "\(result.errors)")
        let comparison = CallComparison(
            images: try images(scratch), recorded: try recorded(scratch), cutOff: try cutOff(scratch))
        #expect(
            comparison.unseen.isEmpty, "\(comparison.unseen.count) unseen: \(comparison.unseen.prefix(5))")
        #expect(
            comparison.invented.isEmpty,
            "\(comparison.invented.count) invented: \(comparison.invented.prefix(5))")
        // mapfray itself, and the child in which it tries the kernel's rules, are two of them.
        let unrecorded = comparison.untraced.filter { $0.value > 0 }
        #expect(unrecorded.count <= 2 + program.untraced, "threads with no record: \(unrecorded)")
        #expect(comparison.seen >= program.least)
    }

    /// Threads that ended neither themselves nor the process: the last that strace saw of them is another call.
    private func cutOff(_ scratch: Scratch) throws -> Set<Int> {
        var threads: Set<Int> = []
        for file in try FileManager.default.contentsOfDirectory(atPath: scratch.path)
        where file.hasPrefix("strace.") {
            let text = String(
                decoding: try Data(contentsOf: URL(fileURLWithPath: scratch.file(file))), as: UTF8.self)
            let last = text.split(separator: "\n").last { !$0.hasPrefix("+++") && !$0.hasPrefix("---") }
            if let last, !last.hasPrefix("exit"), let thread = Int(file.dropFirst("strace.".count)) {
                threads.insert(thread)
            }
        }
        return threads
    }

    /// Per thread, the calls of each image, split where execve succeeded.
    private func images(_ scratch: Scratch) throws -> [Int: [[SystemCall]]] {
        var images: [Int: [[SystemCall]]] = [:]
        for file in try FileManager.default.contentsOfDirectory(atPath: scratch.path)
        where file.hasPrefix("strace.") {
            let thread = try #require(Int(file.dropFirst("strace.".count)))
            var calls: [[SystemCall]] = [[]]
            let text = String(
                decoding: try Data(contentsOf: URL(fileURLWithPath: scratch.file(file))), as: UTF8.self)
            for line in text.split(separator: "\n") {
                if line.hasPrefix("execve("), line.hasSuffix(" = 0") { calls.append([]) }
                if let call = SystemCall(line) { calls[calls.count - 1].append(call) }
            }
            images[thread] = calls
        }
        return images
    }

    /// Per thread, the calls in the order in which they began.
    private func recorded(_ scratch: Scratch) throws -> [Int: [SystemCall]] {
        let events = try mapfray("events", scratch.file("log"), "--pid", "all")
        try #require(events.status == 0, "\(events.errors)")
        var calls: [Int: [(begin: UInt64, call: SystemCall)]] = [:]
        for line in events.lines {
            let words = line.split(separator: " ", maxSplits: 3)
            guard words.count == 4, let begin = UInt64(words[0]), let thread = Int(words[2]),
                let call = SystemCall(words[3])
            else { continue }
            calls[thread, default: []].append((begin, call))
        }
        return calls.mapValues { $0.sorted { $0.begin < $1.begin }.map(\.call) }
    }
}
