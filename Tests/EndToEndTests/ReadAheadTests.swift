import Analysis
import Foundation
import Testing
import TraceLog

/// A log read on another processor gives what it gives when it is read where it is used.
@Suite struct ReadAheadTests {
    /// More calls than all batches hold that are on their way at a time.
    private static let churn = """
        #include <sys/mman.h>

        int main(void)
        {
            for (int i = 0; i < 40000; i++)
                munmap(mmap(0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
            return 0;
        }
        """

    /// Logs of programs with many calls, many threads, and definitions that come late.
    private func logs(_ scratch: borrowing Scratch) throws -> [String] {
        let churn = try scratch.compile("churn", Self.churn)
        let random = try scratch.compileWorkload("threads-random", ["-pthread"])
        let mapped = try scratch.write("mapped", bytes: Data(count: 4 << 20))
        let programs = [
            [churn], [random, "7", "3", "5", "200", mapped, "apart"],
            ["/usr/bin/python3", "-c", "import json, decimal, ctypes"],
        ]
        return try programs.enumerated().flatMap { index, program in
            let log = scratch.file("log\(index)")
            let recorded = try run(mapfrayPath(), ["record", "--quiet", "-o", log, "--"] + program)
            try #require(recorded.status == 0, "\(recorded.errors)")
            return try FileManager.default.contentsOfDirectory(atPath: log)
                .filter { $0.hasSuffix(".mapfray") }.map { "\(log)/\($0)" }
        }
    }

    private func words(_ entry: LogEntry) -> String { "\(entry)" }

    /// All entries, by `nextCall` as well as by `next`, and what was known at the end.
    private func told<Source: EntrySource & ~Copyable>(_ source: inout Source) -> [String] {
        var list: [String] = []
        var call = Call(kind: .mmap)
        while true {
            // Every third entry is asked for as whatever it is.
            if list.count % 3 != 0, source.nextCall(&call) {
                list.append(words(.call(call)))
            } else if let entry = source.next() {
                list.append(words(entry))
            } else {
                break
            }
        }
        list.append("\(source.definitions)")
        var facts = source.facts
        list.append("\(facts.kernelAnswers.sorted { $0.key < $1.key })")
        facts.kernelAnswers = [:]
        list.append("\(facts)")
        list.append("\(source.lostRecords) \(source.damageText) \(source.fraction)")
        return list
    }

    @Test func `the entries, definitions and facts are those of the reader`() throws {
        let scratch = try Scratch()
        var most = 0
        for path in try logs(scratch) {
            var reader = try LogReader(path: path)
            var ahead = ReadAhead(try LogReader(path: path))
            let (expected, found) = (told(&reader), told(&ahead))
            let different = zip(expected, found).first { $0 != $1 }
            #expect(found.count == expected.count && different == nil, "\(different.map { "\($0)" } ?? "")")
            most = max(most, expected.count)
        }
        #expect(most > 80_000)
    }

    @Test func `what is known grows with the entries, and never lags behind them`() throws {
        let scratch = try Scratch()
        for path in try logs(scratch) {
            var ahead = ReadAhead(try LogReader(path: path))
            while let entry = ahead.next() {
                guard case .call(let call) = entry else { continue }
                #expect(Int(call.stack.rawValue) < ahead.definitions.stacks.count)
                #expect(Int(call.file.rawValue) < ahead.definitions.files.count)
            }
        }
    }

    @Test func `a reading that nobody ends is ended`() throws {
        let scratch = try Scratch()
        for path in try logs(scratch) {
            for wanted in [0, 1, 5000] {
                var ahead = ReadAhead(try LogReader(path: path))
                for _ in 0..<wanted where ahead.next() == nil { break }
            }
        }
    }
}
