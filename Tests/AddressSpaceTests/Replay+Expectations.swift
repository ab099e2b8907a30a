import MapPlayer
import Testing

extension Replay {
    /// Plays a script, checks that every call ended as the script expects, and replays it: a difference from the
    /// kernel is an issue.
    @discardableResult
    static func run(
        _ knowledge: Knowledge = .assumed, maxMapCount: Int? = nil, _ build: (inout Script) -> Void
    ) throws -> Recording {
        var script = Script()
        build(&script)
        let recording = try Player.play(script)
        check(recording, against: script)
        var replay = Replay(recording, knowledge: knowledge, maxMapCount: maxMapCount)
        if let difference = replay.replayAll() { Issue.record("\(difference.text)") }
        return recording
    }

    private static func check(_ recording: Recording, against script: Script) {
        let steps = recording.steps.dropFirst()
        let told = zip(script.lines, script.expected).filter { !"sW".contains($0.0.first ?? "s") }
        #expect(told.count == steps.count)
        for (step, (line, expected)) in zip(steps, told)
        where expected.map({ !$0.contains(step.error) }) == true {
            Issue.record("\(line): errno \(step.error)")
        }
    }
}
