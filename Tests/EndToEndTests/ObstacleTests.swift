import Analysis
import Foundation
import Testing
import TraceLog

@testable import AddressSpace

/// The reasons of boundaries in logs of real programs, each put to the test in the replay itself.
@Suite struct ObstacleTests {
    private static let wanted = 10_000

    /// Programs whose maps are frayed in different ways; how often each frays it.
    private static func programs(_ scratch: Scratch) throws -> [[String]] {
        let fray = try scratch.compileWorkload("fray")
        let patterns = [
            "guard-page", "per-page-mprotect", "interior-munmap", "reopened-file", "madvise-flags",
            "mlock-ranges",
            "decommit", "small-file-maps",
        ]
        let many = try scratch.compileWorkload("many-vmas")
        return patterns.map { [fray, $0, "800"] } + [[many, "4000", "20000"]]
            + [
                [
                    "python3", "-c",
                    "import ssl, ctypes, json, threading, multiprocessing, decimal, lzma, sqlite3",
                ]
            ]
            + [["perl", "-MPOSIX", "-MSocket", "-e", "1"]]
    }

    @Test func `every reason is needed, and together they are enough`() throws {
        let scratch = try Scratch()
        var kinds: Set<String> = []
        var boundaries = 0
        for (index, program) in try Self.programs(scratch).enumerated() {
            let log = scratch.file("log\(index)")
            let result = try run(mapfrayPath(), ["record", "--quiet", "-o", log, "--"] + program)
            guard result.status == 0 else { throw Unexpected("\(program): \(result.errors)") }
            let space = try map(log)
            var trial = space.copy()
            for (left, right) in Self.neighbours(space).shuffled().prefix(Self.wanted / 5) {
                let obstacles = space.obstacles(between: left, and: right)
                boundaries += 1
                kinds.formUnion(obstacles.map(Self.kind))
                let isOne = trial.merge(left, right, without: obstacles)
                #expect(isOne, "\(left) \(right): \(obstacles)")
                for obstacle in obstacles {
                    let others = obstacles.filter { $0 != obstacle }
                    let isOne = trial.merge(left, right, without: others)
                    #expect(!isOne, "\(obstacle) is no obstacle")
                }
            }
        }
        #expect(boundaries >= Self.wanted)
        #expect(
            kinds.isSuperset(of: ["hole", "rights", "flags", "file", "fileDescription", "offset", "anonVMA"]))
    }

    private func map(_ folder: String) throws -> AddressSpace {
        let path = try #require(try LogFolder(path: folder).files.first?.path)
        var reader = try LogReader(path: path)
        return Analysis.Replay.map(of: &reader)
    }

    private static func neighbours(_ space: borrowing AddressSpace) -> [(VMA, VMA)] {
        var vmas: [VMA] = []
        space.forEach {
            vmas.append($0)
            return true
        }
        return Array(zip(vmas, vmas.dropFirst()))
    }

    /// The name of a case, without what comes with it.
    private static func kind(_ obstacle: MergeObstacle) -> String {
        String("\(obstacle)".prefix { $0 != "(" })
    }
}

extension AddressSpace {
    /// A flag that no VMA has here.
    private static let spare = VMAFlags(rawValue: 1 << 30)

    /// Takes obstacles away, lets a call change one of the two and change it back, and says whether they are one.
    fileprivate mutating func merge(_ left: VMA, _ right: VMA, without obstacles: [MergeObstacle]) -> Bool {
        var (left, right) = (left, right)
        for obstacle in obstacles { remove(obstacle, &left, &right) }
        return becomesOne(left, right, changed: right) || becomesOne(left, right, changed: left)
    }

    private mutating func becomesOne(_ left: VMA, _ right: VMA, changed: VMA) -> Bool {
        tree.removeAll()
        _ = tree.insert(left, at: tree.end)
        _ = tree.insert(right, at: tree.end)
        for _ in 0..<2 {
            changeFlags(changed.start, changed.end) { $0.flags.symmetricDifference(Self.spare) }
        }
        return count == 1
    }

    /// Gives the right one what the left one has in this one respect.
    private mutating func remove(_ obstacle: MergeObstacle, _ left: inout VMA, _ right: inout VMA) {
        switch obstacle {
        case .hole:
            right.pgoff &-= (right.start - left.end) / pageSize
            right.start = left.end
        case .rights: right.flags = right.flags.taking(.rights, from: left.flags)
        case .flags(let flags): right.flags = right.flags.taking(flags, from: left.flags)
        case .protectionKey: right.flags = right.flags.taking(.protectionKey, from: left.flags)
        case .file, .fileDescription: right.description = left.description
        case .offset: right.pgoff = left.pgoff &+ (right.start - left.start) / pageSize
        case .memoryPolicy:
            right.extra = extras.number(right.extra) { [extras] in $0.policy = extras[left.extra].policy }
        case .userfaultfd:
            right.extra = extras.number(right.extra) { [extras] in $0.userfault = extras[left.extra].userfault
            }
        case .name: right.extra = extras.number(right.extra) { [extras] in $0.name = extras[left.extra].name }
        case .anonVMA:
            right.anon = left.anon
            right.flags = right.flags.taking(.forked, from: left.flags)
        case .special:
            left.flags.subtract(.special)
            right.flags.subtract(.special)
        case .closeHook: right.flags.subtract(.closeHook)
        }
    }
}

extension VMAFlags {
    fileprivate func taking(_ mask: VMAFlags, from other: VMAFlags) -> VMAFlags {
        subtracting(mask).union(other.intersection(mask))
    }
}
