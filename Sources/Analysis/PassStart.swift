import AddressSpace
import TraceLog

/// What a checkpoint of an index holds beside the list of VMAs.
struct PassState: Codable {
    var mark: CallMark
    var point: ResumePoint
    var image: AddressSpace.Image
    var observation: Observation
}

/// Where a pass begins: the log's first record, or the latest fitting checkpoint of its index.
struct PassStart: ~Copyable {
    /// Checkpoints of a log that is read for the first time.
    private static let checkpoints: UInt64 = 16
    /// Stream bytes, about 300,000 calls: reading fewer is as fast as loading a large checkpoint.
    private static let smallestStep: UInt64 = 32 << 20

    private(set) var reader: LogReader
    private(set) var replay: Replay
    private(set) var observation: Observation
    private(set) var index: LogIndex
    /// Whether checkpoints are to be added.
    private(set) var isWriting = false
    /// Stream bytes between two checkpoints, and the position of the next.
    let step: UInt64
    private(set) var next: UInt64 = 0

    /// Everything is found before the first field is set: in an initialiser of a non-copyable type the right
    /// side of `&&`, `||` or `??` must not read a field while others are not set. Swift 6.3.1 then destroys
    /// those others, which are not there yet, with and without optimisation (tools/check-initialisers).
    /// - Parameter until: the last instant to apply, CLOCK_MONOTONIC nanoseconds.
    init(path: String, until: UInt64?, options: IndexedPass.Options) throws(LogError) {
        let log = try LogReader(path: path)
        let facts = log.facts
        let step = options.step ?? max(Self.smallestStep, log.streamEnd / Self.checkpoints)
        let isFit =
            options.isUsed && facts.parentStartTime == 0 && !facts.isFlightRecorder && !log.isFolded
        index = isFit ? Self.index(of: path, log, options, isWriting: log.streamEnd > step) : LogIndex()
        self.step = step
        replay = Replay(facts: facts, until: until)
        observation = Observation(ownRanges: facts.ownRanges)
        reader = log
        begin(path, until ?? .max)
    }

    private static func index(
        of path: String, _ log: borrowing LogReader, _ options: IndexedPass.Options, isWriting: Bool
    ) -> LogIndex {
        LogIndex(
            ofLog: path, identity: log.identityCheck, writer: options.writer, isWriting: isWriting)
    }

    /// Takes up the log at the latest checkpoint that covers nothing behind `until`.
    private mutating func begin(_ path: String, _ until: UInt64) {
        let count = index.frames.count
        let fitting = index.frames.lastIndex { $0.latest <= until }
        let isResumed = fitting.map { resume(path, at: $0, until) } ?? false
        // One that is damaged makes all of no use: they are begun anew.
        if fitting != nil && !isResumed { index.forget() }
        // There is something to add only behind the last checkpoint.
        isWriting = index.canWrite && (index.frames.isEmpty || (isResumed && fitting == count - 1))
        if isWriting { reader.keepTrail() } else { reader.dropTrail() }
        next = (index.frames.last?.position ?? 0) + step
    }

    private mutating func resume(_ path: String, at place: Int, _ until: UInt64) -> Bool {
        guard let (definitions, state, words) = load(place), var other = try? LogReader(path: path) else {
            return false
        }
        other.keepTrail()
        guard other.resume(at: state.point, definitions: definitions),
            let space = AddressSpace.restored(state.image, words: words, rules: KernelRules(other.facts))
        else { return false }
        var resumed = Replay(
            facts: other.facts, until: until, space: space, latest: index.frames[place].latest,
            mark: state.mark)
        guard resumed.catchUp(&other) else { return false }
        reader = other
        replay = resumed
        observation = state.observation
        return true
    }

    private func load(_ place: Int) -> (definitions: [UInt8], state: PassState, words: [UInt64])? {
        var definitions: [UInt8] = []
        for frame in index.frames[..<place] {
            guard let contents = index.contents(of: frame) else { return nil }
            definitions += contents.definitions
        }
        guard let contents = index.contents(of: index.frames[place]),
            let (state, words) = CheckpointState.decode(contents.state, as: PassState.self)
        else { return nil }
        return (definitions + contents.definitions, state, words)
    }

    consuming func takenReader() -> LogReader { reader }
}
