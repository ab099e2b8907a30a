import Foundation
import MapPlayer
import Testing

@Suite struct `Random calls` {
    private static let pages = 160
    private static let rights: [UInt64] = [0, 1, 3, 3, 3, 7, 5]
    private static let advice: [UInt64] = [0, 1, 2, 4, 10, 11, 14, 15, 16, 17, 18, 19]

    @Test(arguments: 1...6) func `thousands of calls, every VMA after each as in the kernel`(seed: Int) throws
    {
        let recording = try Replay.run(errors: nil) { script in
            var random = SeededGenerator(seed: UInt64(seed))
            for _ in 0..<1500 { Self.add(to: &script, &random) }
        }
        #expect(recording.steps.count > 1500)
        #expect(recording.steps.count { $0.letter == "c" && $0.error == 0 } > 800)
    }

    private static func add(to script: inout Script, _ random: inout SeededGenerator) {
        let page = Int.random(in: 0..<pages, using: &random)
        let count = Int.random(in: 1...12, using: &random)
        let rights = rights.randomElement(using: &random) ?? 0
        switch Int.random(in: 0..<20, using: &random) {
        case 0...5: script.map(page, count, rights, flags: flags(&random), type: type(&random))
        case 6...8: script.unmap(page, count)
        case 9...12: script.protect(page, count, rights)
        case 13...14: script.advise(page, count, advice.randomElement(using: &random) ?? 0)
        case 15: script.lock(page, count)
        case 16: script.unlock(page, count)
        default: move(page, count, &script, &random)
        }
    }

    private static func flags(_ random: inout SeededGenerator) -> UInt64 {
        [0, 0, 0, 0, Script.Map.noReserve, Script.Map.stack].randomElement(using: &random) ?? 0
    }

    private static func type(_ random: inout SeededGenerator) -> UInt64 {
        Int.random(in: 0..<8, using: &random) == 0 ? Script.Map.shared : Script.Map.private
    }

    private static func move(
        _ page: Int, _ count: Int, _ script: inout Script, _ random: inout SeededGenerator
    ) {
        let other = Int.random(in: 0..<pages, using: &random)
        let newCount = Int.random(in: 1...12, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: script.remap(page, count, to: newCount)
        case 1: script.remap(page, count, to: count, at: other)
        case 2: script.remap(page, count, to: newCount, at: other)
        default: script.remap(page, count, to: count, at: other, keeping: true)
        }
    }

    /// Scripts of the fuzzer (tools/fuzz replay): all calls, with forks, and memory written wholly, half or not at all.
    @Test(
        arguments: RandomCalls.Touching.allCases,
        [1_000_003, 1_000_019, 1_000_059, 2_000_026, 5_000_050] as [UInt64])
    func `every kind of call, told what was written`(touching: RandomCalls.Touching, seed: UInt64) throws {
        let path = NSTemporaryDirectory() + "mapfray-file-\(UUID().uuidString)"
        try Data(count: 256 * 4096).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let options = RandomCalls.Options(touching: touching, isWide: touching != .everything)
        let script = RandomCalls.script(seed: seed, count: 400, options: options, path: path)
        let recording = try Player.play(script, withLines: false)
        var replay = Replay(recording, knowledge: touching == .everything ? .assumed : .told)
        let difference = replay.replayAll()
        #expect(difference == nil, "\(difference?.text ?? "")")
        #expect(recording.steps.count { $0.letter == "c" && $0.error == 0 } > 200)
    }

    /// What `tools/fuzz replay` once showed at the limit, where a model that counts one VMA wrongly is soon found out.
    struct AtLimit: Sendable {
        var seed: UInt64
        var calls: Int
        var touching = RandomCalls.Touching.nothing
        var knowledge = Replay.Knowledge.observed
    }

    @Test(arguments: [
        AtLimit(seed: 22_001_025, calls: 1300), AtLimit(seed: 23_000_188, calls: 100),
        AtLimit(seed: 2_201_006_962, calls: 2000),
        AtLimit(seed: 41_000_322, calls: 2000, touching: .half, knowledge: .told),
    ])
    func `every kind of call at the limit`(script past: AtLimit) throws {
        let (recording, limit) = try SteadyLimit.with { limit in
            let options = RandomCalls.Options(
                touching: past.touching, isWide: false, filler: limit - 50 - Int(past.seed % 20))
            let script = RandomCalls.script(seed: past.seed, count: past.calls, options: options, path: "")
            return (try Player.play(script, withLines: false), limit)
        }
        var replay = Replay(recording, knowledge: past.knowledge, maxMapCount: limit)
        let difference = replay.replayAll()
        #expect(difference == nil, "\(difference?.text ?? "")")
        #expect(recording.steps.contains { $0.letter == "c" && $0.error == 12 })
    }

    /// It failed where mprotect moved what the kernel showed to begin higher, and the model had taken it to be lower.
    @Test func `what grows down and is cut at the limit keeps its pages`() throws {
        let (recording, limit) = try SteadyLimit.with { limit in
            var script = Script()
            script.fill(limit - 62)
            script.call(9, Script.address(31), 6 * 4096, 3, 50, .max, 0)
            script.call(9, Script.address(32), 4 * 4096, 3, 306, .max, 0)
            script.call(10, Script.address(34), 5 * 4096, 0)
            script.call(149, Script.address(32), 5 * 4096)
            script.call(25, Script.address(33), 11 * 4096, 11 * 4096, 7, Script.address(120))
            script.call(10, Script.address(121), 6 * 4096, 3)
            return (try Player.play(script, withLines: false), limit)
        }
        var replay = Replay(recording, knowledge: .observed, maxMapCount: limit)
        let difference = replay.replayAll()
        #expect(difference == nil, "\(difference?.text ?? "")")
    }
}
