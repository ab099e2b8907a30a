import AddressSpace
package import TraceLog

/// A pass over a log that begins at the latest fitting checkpoint of its index, and leaves checkpoints
/// behind where it goes beyond the last one.
///
/// What it tells is what a pass from the beginning tells. A forked child has no index, for its map rests on
/// another log; nor has a flight recorder, which keeps its own bound, nor a log whose older part was folded up.
package struct IndexedPass: ~Copyable {
    /// How an index is made and used.
    package struct Options: Sendable {
        /// Stream bytes between two checkpoints; nil: as many as suit the log.
        package var step: UInt64?
        package var isUsed = true
        /// What tells one build of mapfray from another.
        package var writer: UInt64 = 0

        package init() {}
    }

    /// The index may take this part of the log's size, or `freeSize` bytes if that is more.
    private static let share: UInt64 = 8
    private static let freeSize: UInt64 = 64 << 20

    package private(set) var source: ReadAhead
    package private(set) var replay: Replay
    private(set) var observation: Observation
    private var index: LogIndex
    /// Whether checkpoints are to be added.
    private var isWriting: Bool
    private let step: UInt64
    private var next: UInt64
    private let streamEnd: UInt64
    private let until: UInt64?

    /// - Parameter until: the last instant to apply, CLOCK_MONOTONIC nanoseconds.
    package init(path: String, until: UInt64? = nil, options: Options) throws(LogError) {
        let start = try PassStart(path: path, until: until, options: options)
        streamEnd = start.reader.streamEnd
        self.until = until
        (isWriting, step, next) = (start.isWriting, start.step, start.next)
        observation = start.observation
        index = start.index
        replay = start.replay
        source = ReadAhead(start.reader, places: isWriting ? ReadingPlaces(from: next, step: step) : nil)
    }

    /// Reads to the end, or to the instant asked for.
    /// - Parameter progress: called now and then with the fraction read, 0 to 1.
    package mutating func run(progress: ((Double) -> Void)? = nil) {
        var pace = ProgressPace()
        var call = Call(kind: .mmap)
        while true {
            let count = replay.proceed(&source, &observation, &call, atMost: .max)
            if count == 0 { break }
            if pace.isDue(after: count) { progress?(source.fraction) }
            if isWriting, let mark = replay.mark, let place = source.takePlace(from: next) {
                note(place, mark)
            }
        }
        progress?(1)
    }
}

// MARK: - Checkpoints

extension IndexedPass {
    /// Leaves a checkpoint behind.
    /// - Parameter mark: the call applied last.
    private mutating func note(_ place: ReadingPlace, _ mark: CallMark) {
        let state = PassState(
            mark: mark, point: place.point, image: replay.space.image, observation: observation)
        guard let bytes = CheckpointState.encode(state, replay.space.words),
            index.size + UInt64(bytes.count) <= max(Self.freeSize, streamEnd / Self.share)
        else {
            isWriting = false
            return
        }
        isWriting = index.append(
            latest: replay.latest, position: place.position, definitions: place.definitions, state: bytes)
        next = place.position + step
    }
}

// MARK: - Answers

extension IndexedPass {
    /// Whether the log has told the map, and whether that ended with a [vsyscall] line.
    package var hasMap: Bool { observation.first != nil }
    package var hasVsyscall: Bool { observation.hasVsyscall }
    /// The highest count, the tracer's own VMAs among them.
    package var highest: Int { observation.peak.count }
    /// The tracer's own VMAs.
    package var tracer: Int { observation.tracer }
    /// Calls, and those of them that failed.
    package var calls: Int { observation.calls }
    package var failed: Int { observation.failed }
    /// Sentences about processes that went on unrecorded.
    package var notRecorded: [String] {
        observation.notes.filter { $0.code == .notRecorded }.map(\.text)
    }

    /// All that the pass tells; to be asked once, after `run`.
    package mutating func investigation(_ options: InvestigationOptions) -> Investigation {
        observation.finish(replay.space, killed: source.facts.killedTime, until: until)
        let namer = FrameNamer(source.definitions, options: options.symbols)
        var investigation = Investigation(observation, source, options, namer: namer)
        if options.judgesForecast { investigation.judgeForecast() }
        return investigation
    }

    /// A reader that stands before the calls that had not ended by `time`, or further to the front.
    package static func reader(path: String, before time: UInt64, options: Options) throws(LogError)
        -> LogReader
    {
        try PassStart(path: path, until: time, options: options).takenReader()
    }
}
