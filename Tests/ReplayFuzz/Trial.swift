import MapPlayer

/// One way to play a script and judge the replay.
struct Trial {
    let knowledge: Replay.Knowledge
    let limit: Int

    /// Somebody set vm.max_map_count for good.
    struct LimitChanged: Error {}

    struct Outcome {
        var difference: Replay.Difference?
        /// What the model had before it.
        var before = ""
        var calls: Int
        var succeeded: Int
    }

    func play(_ script: Script) throws -> Outcome {
        let recording = try SteadyLimit.with { limit in
            guard limit == self.limit else { throw LimitChanged() }
            return try Player.play(script, withLines: false)
        }
        let steps = recording.steps.filter { $0.letter == "c" }
        var replay = Replay(recording, knowledge: knowledge, maxMapCount: limit)
        var outcome = Outcome(
            difference: replay.replayAll(), calls: steps.count, succeeded: steps.count { $0.error == 0 })
        if let difference = outcome.difference { outcome.before = text(before: difference.step, recording) }
        return outcome
    }

    private func text(before step: Int, _ recording: Recording) -> String {
        let (start, length, third, _, target, _) = recording.steps[step].arguments
        var replay = Replay(recording, knowledge: knowledge, maxMapCount: limit)
        let text = replay.text(before: step, around: start..<start &+ min(length, 1 << 20))
        guard recording.steps[step].number == 25 else { return text }
        replay = Replay(recording, knowledge: knowledge, maxMapCount: limit)
        return text + "\n" + replay.text(before: step, around: target..<target &+ min(third, 1 << 20))
    }

    /// The script without all lines that the difference does not need; what a call made writable is still written, and
    /// the map is filled up to the limit if it takes that.
    func shortened(_ script: Script, _ difference: Replay.Difference) throws -> Script {
        let lines = Self.lines(of: script, upTo: difference.step)
        let filling = lines.firstIndex { $0.hasPrefix("W") }
        var fixed = filling.map { Array(lines[...$0]) } ?? []
        var parts = Self.parts(Array(lines.dropFirst(fixed.count)))
        if shows([], parts) { fixed = [] }
        var size = parts.count / 2
        while size > 0 {
            var start = 0
            while start < parts.count {
                var fewer = parts
                fewer.removeSubrange(start..<min(start + size, parts.count))
                if shows(fixed, fewer) { parts = fewer } else { start += size }
            }
            size /= 2
        }
        return Script(lines: fixed + parts.joined())
    }

    /// The lines up to that of a step; the first step tells the map before any line, and three commands tell nothing.
    private static func lines(of script: Script, upTo step: Int) -> ArraySlice<String> {
        var steps = 0
        return script.lines.prefix { line in
            if steps == step { return false }
            if !["s", "v", "W"].contains(line.prefix(1)) { steps += 1 }
            return true
        }
    }

    /// Each call with the writes that follow it.
    private static func parts(_ lines: [String]) -> [[String]] {
        var parts: [[String]] = []
        for line in lines {
            if line.hasPrefix("w"), let last = parts.indices.last {
                parts[last].append(line)
            } else {
                parts.append([line])
            }
        }
        return parts
    }

    private func shows(_ fixed: [String], _ parts: [[String]]) -> Bool {
        let difference = try? play(Script(lines: fixed + parts.joined())).difference
        return difference != nil
    }
}
