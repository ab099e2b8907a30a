import MapPlayer
import Testing

extension Replay {
    /// Plays a script and replays it: a difference from the kernel is an issue, and so is a call that did not end as
    /// expected.
    /// - Parameter errors: errno of each call that fails, in order; nil where any may.
    @discardableResult
    static func run(
        _ knowledge: Knowledge = .assumed, maxMapCount: Int? = nil, errors: [UInt16]? = [],
        _ build: (inout Script) -> Void
    ) throws -> Recording {
        var script = Script()
        build(&script)
        let recording = try Player.play(script)
        if let errors { #expect(recording.steps.map(\.error).filter { $0 != 0 } == errors) }
        var replay = Replay(recording, knowledge: knowledge, maxMapCount: maxMapCount)
        if let difference = replay.replayAll() { Issue.record("\(difference.text)") }
        return recording
    }
}
