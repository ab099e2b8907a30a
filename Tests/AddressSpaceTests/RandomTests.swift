import MapPlayer
import Testing

@Suite struct `Random calls` {
    private static let pages = 160
    private static let rights: [UInt64] = [0, 1, 3, 3, 3, 7, 5]
    private static let advice: [UInt64] = [0, 1, 2, 4, 10, 11, 14, 15, 16, 17, 18, 19]

    @Test(arguments: 1...6) func `thousands of calls, every VMA after each as in the kernel`(seed: Int) throws
    {
        let recording = try Replay.run { script in
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
}
