import AddressSpace
import Analysis
import Reports
import TraceLog

/// Writes down what a log knows of an address.
struct StoryTeller {
    let log: RecordedLog
    let namer: BacktraceNamer
    /// Those of the log that the explanation was taken from.
    private let definitions: Definitions
    /// When seconds begin to count; CLOCK_MONOTONIC nanoseconds.
    private let start: UInt64

    init(log: RecordedLog, namer: BacktraceNamer, definitions: Definitions) throws(Failure) {
        self.log = log
        self.namer = namer
        self.definitions = definitions
        start = try log.firstTime()
    }

    func story(of address: UInt64, _ explanation: Explanation) -> VMAStory {
        var story = VMAStory(pid: log.process, address: "0x" + NumberText.hex(address))
        if let vma = explanation.vma {
            describe(vma, explanation, &story)
        } else {
            describeHole(explanation, &story)
        }
        story.previous = explanation.previous.map { neighbour($0, explanation, isBefore: true) }
        story.next = explanation.next.map { neighbour($0, explanation, isBefore: false) }
        return story
    }

    private func describe(_ vma: VMA, _ explanation: Explanation, _ story: inout VMAStory) {
        let frames = namer.frames(of: vma.owner.stack, definitions)
        story.maps = explanation.lines[vma.start]
        story.size = vma.size
        story.owner = "\(OwnerText.sentence(vma.owner, frames: frames)) (\(vma.owner.kind.systemCall))"
        if vma.owner.cause == .beforeTrace { story.owner = "it was there before recording began" }
        story.time = vma.owner.cause == .beforeTrace ? nil : seconds(vma.time)
        story.flags = vma.flags.names + (vma.anon == 0 ? ["(never written)"] : [])
        story.backtrace = FrameText.lines(frames, isCut: definitions.isCut(vma.owner.stack))
        story.calls = explanation.calls.map { call in
            VMAStory.Event(
                time: seconds(call.begin), call: "\(call.text) = \(call.resultText)", site: site(call.stack))
        }
        story.callsOmitted = explanation.omitted
    }

    private func describeHole(_ explanation: Explanation, _ story: inout VMAStory) {
        if let before = explanation.previous, let after = explanation.next {
            story.size = after.vma.start - before.vma.end
        }
        story.hole = explanation.holeMaker.map(maker)
    }

    private func neighbour(
        _ neighbour: Explanation.Neighbour, _ explanation: Explanation, isBefore: Bool
    ) -> VMAStory.Neighbour {
        let vma = neighbour.vma
        let (left, right) = isBefore ? (vma, explanation.vma ?? vma) : (explanation.vma ?? vma, vma)
        let reasons = MergeObstacle.telling(neighbour.obstacles).map { obstacle in
            let sentence = obstacle.sentence(left, right)
            guard case .hole = obstacle, let release = neighbour.holeMaker else { return sentence }
            return sentence + " (" + maker(release) + ")"
        }
        return VMAStory.Neighbour(
            maps: explanation.lines[vma.start] ?? "",
            owner: OwnerText.sentence(vma.owner, frames: namer.frames(of: vma.owner.stack, definitions)),
            reasons: reasons)
    }

    private func maker(_ release: ReleaseTable.Release) -> String {
        "\(release.kind.systemCall) freed it \(TimeText.span(seconds(release.time))) after the start, by \(site(release.stack))"
    }

    private func site(_ stack: StackID) -> String {
        FrameText.telling(namer.frames(of: stack, definitions)).first.map { FrameText.line($0) }
            ?? "a call without a backtrace"
    }

    private func seconds(_ time: UInt64) -> Double { time < start ? 0 : Double(time - start) / 1e9 }
}
