import AddressSpace
import Foundation
import Testing
import TraceLog

/// The replay held against the kernel's own list, which the recorded program wrote down after each of its calls.
@Suite struct EveryCallTests {
    /// What the program saw: an instant, what it had just done, and the lines of /proc/self/maps.
    struct Witness {
        var time: UInt64
        var what: Substring
        var vmas: [String]
    }

    private func witnesses(_ text: String) throws -> [Witness] {
        try text.split(separator: "@", omittingEmptySubsequences: true).map { part in
            let lines = part.split(separator: "\n")
            let head = try #require(lines.first)
            let time = try #require(head.split(separator: " ").first.flatMap { UInt64($0) })
            return Witness(
                time: time, what: head, vmas: lines.dropFirst().compactMap { MapsLines.comparable($0) })
        }
    }

    /// Replays the log and compares at each witness's instant; snapshots after the first are left out, so nothing
    /// corrects the replay.
    private func differences(_ log: String, _ expected: [Witness]) throws -> [String] {
        var reader = try LogReader(path: log)
        var space = AddressSpace(
            pageSize: reader.facts.pageSize, rules: KernelRules(reader.facts))
        var found: [String] = []
        var next = 0
        func judge(before time: UInt64, _ space: borrowing AddressSpace, _ definitions: Definitions) {
            while next < expected.count, expected[next].time < time {
                let mine = Set(MapsLines.of(space, definitions))
                let kernel = Set(expected[next].vmas)
                if mine != kernel {
                    found.append("\(expected[next].what): \(mine.symmetricDifference(kernel).sorted())")
                }
                next += 1
            }
        }
        while let entry = reader.next() {
            switch entry {
            case .snapshot(let snapshot) where snapshot.reason == .start:
                _ = space.adopt(snapshot)
            case .call(let call):
                judge(before: call.begin, space, reader.definitions)
                space.apply(call)
            case .observed(let range, let unsettled, _): space.reconcile(range, unsettled: unsettled)
            case .grown(let ranges, _): for range in ranges { space.noteGrowth(range) }
            default: break
            }
        }
        judge(before: .max, space, reader.definitions)
        #expect(next == expected.count)
        #expect(reader.lost == 0 && reader.damageCount == 0)
        return found
    }

    @Test func `the rebuilt map equals the kernel's after every single call`() throws {
        let scratch = try Scratch()
        let program = try scratch.compileWorkload("every-call")
        let recorded = try mapfray(
            "record", "--quiet", "-o", scratch.file("log"), "--", program, scratch.file("maps"))
        #expect(recorded.status == 0, "\(recorded.errors)")
        let expected = try witnesses(String(contentsOfFile: scratch.file("maps"), encoding: .utf8))
        #expect(expected.count > 100)
        let log = try #require(try scratch.contents("log").first { $0.hasSuffix(".mapfray") })
        let wrong = try differences(scratch.file("log/\(log)"), expected)
        #expect(wrong.isEmpty, "\(wrong.count) of \(expected.count): \(wrong.prefix(3))")
    }
}
