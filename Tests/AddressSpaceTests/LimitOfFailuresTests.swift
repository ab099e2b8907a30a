import MapPlayer
import Testing
import TraceLog

@testable import AddressSpace

/// Calls that fail anyway, which a map at the limit makes fail by another error if it is looked at before.
@Suite struct `Failing calls at the limit` {
    /// The calls of `build`, as they fail, and as they do where there are more VMAs than the limit.
    private func play(_ build: (inout Script) -> Void) throws -> (far: Recording, above: Recording) {
        var (far, above) = (Script(), Script())
        above.fill(65531)
        build(&far)
        build(&above)
        return (try Player.play(far), try Player.play(above))
    }

    /// The model is asked about each with as many VMAs as the limit has no room for.
    private func expectForesight(_ kind: CallKind, _ build: (inout Script) -> Void) throws {
        let (far, above) = try play(build)
        var replay = Replay(far)
        _ = replay.space.adopt(replay.snapshot(try #require(far.steps.first), .start))
        let limit = replay.space.count - 1
        let kernel = above.steps.filter { $0.letter == "c" }
        for (step, atLimit) in zip(far.steps.filter { $0.letter == "c" }, kernel) {
            let call = Call(kind: kind, arguments: step.arguments, result: step.result, error: step.error)
            #expect(step.error != 0)
            let errno = replay.space.refusal(of: call, limit: limit)?.errno
            #expect(errno ?? step.error == atLimit.error, "\(call.arguments)")
        }
    }

    @Test func `mmap looks at the count behind its numbers, and before the file and the place`() throws {
        try expectForesight(.mmap) {
            $0.open("/proc/self/exe", flags: 0)
            $0.open("/proc/self/status", flags: 0)
            let (shared, anonymous) = (Script.Map.shared, Script.Map.anonymous | 2)
            $0.call(9, 0, 4096, Script.Rights.write, shared, 3, 0)
            $0.call(9, 0, 4096, Script.Rights.read, shared, 4, 0)
            $0.call(9, 0, 4096, Script.Rights.read, Script.Map.private, 3, 1 << 63)
            $0.call(9, Script.address(0) + 1, 4096, 1, anonymous | Script.Map.fixed, .max, 0)
            $0.call(9, 0, 4096, 1, Script.Map.anonymous, .max, 0)
            $0.call(9, 0, 4096, 1, Script.Map.private, 90, 0)
            $0.call(9, 0, 4096, 1, Script.Map.private, 3, 1)
            $0.call(9, 0, 0, 1, anonymous, .max, 0)
            $0.call(9, 0, .max, 1, anonymous, .max, 0)
        }
    }

    @Test func `mremap to an address looks at the count behind its numbers, and before the source`() throws {
        try expectForesight(.mremap) {
            let (source, target) = (Script.address(0), Script.address(100))
            $0.call(25, source, 4096, 4096, 3, target)
            $0.call(25, source, 4096, 4096, 5, target)
            $0.call(25, source, 0, 4096, 3, target)
            $0.call(25, source, 4096, 4096, 3, target + 1)
            $0.call(25, source, 4096, 4096, 3, source)
            $0.call(25, source, 4096, 8192, 5, target)
            $0.call(25, source, 4096, 0, 3, target)
            $0.call(25, source + 1, 4096, 4096, 3, target)
            $0.call(25, source, 4096, 4096, 2, target)
            $0.call(25, source, 4096, 4096, 1, 0)
        }
    }

    /// Where there was room the kernel shows the cut that was made before the hole was met.
    @Test func `a cut that was seen is none at a limit that forbids it`() throws {
        var script = Script()
        script.map(0, 4)
        script.protect(2, 4, Script.Rights.read)
        let recording = try Player.play(script)
        var replay = Replay(recording)
        _ = replay.space.adopt(replay.snapshot(try #require(recording.steps.first), .start))
        let calls = recording.steps.filter { $0.letter == "c" }
        try #require(calls.map(\.error) == [0, 12])
        replay.space.apply(Call(kind: .mmap, arguments: calls[0].arguments, result: calls[0].result))
        var failed = Call(kind: .mprotect, arguments: calls[1].arguments, result: 0, error: 12)
        (failed.observedStart, failed.observedEnd) = (Script.address(2), Script.address(4))
        failed.observedRights = UInt8(Script.Rights.read)
        failed.flags.insert(.hasObservation)
        let count = replay.space.count
        #expect(replay.space.refusal(of: failed, limit: count)?.check == .split)
        #expect(replay.space.refusal(of: failed, limit: count + 1) == nil)
    }

    /// Each part of several VMAs looks at the limit anew, with what the parts before it have added.
    @Test func `a move of several VMAs is refused where one of them is`() throws {
        func script(_ filler: Int) -> Script {
            var script = Script()
            if filler > 0 { script.fill(filler) }
            for part in 0..<3 {
                script.map(2 * part, 2, part == 1 ? Script.Rights.read : Script.Rights.write)
            }
            script.map(40, 20, Script.Rights.read)
            script.remap(1, 5, to: 5, at: 44, keeping: true)
            return script
        }
        let far = try Player.play(script(0))
        var replay = Replay(far)
        _ = replay.space.adopt(replay.snapshot(try #require(far.steps.first), .start))
        let steps = far.steps.filter { $0.letter == "c" }
        let calls = steps.enumerated().map { index, step in
            Call(
                kind: index == steps.count - 1 ? .mremap : .mmap, arguments: step.arguments,
                result: step.result,
                error: step.error)
        }
        for call in calls.dropLast() { replay.space.apply(call) }
        let move = try #require(calls.last)
        var answers: Set<UInt16> = []
        for room in 2...14 {
            let filler = 65530 - room - replay.space.count
            let kernel = try #require(Player.play(script(filler)).steps.last { $0.letter == "c" })
            let model = replay.space.refusal(of: move, limit: 65530 - filler)
            #expect(model?.errno ?? 0 == kernel.error, "\(room)")
            answers.insert(kernel.error)
        }
        #expect(answers == [0, 12])
    }
}
