import TraceLog

/// A place of a log where a checkpoint can be: what was read before it is given out.
struct ReadingPlace {
    var point: ResumePoint
    /// Stream position, bytes.
    var position: UInt64
    /// What the log defined before `point`, and behind the place before, in the form in which `LogReader.resume` wants
    /// them.
    var definitions: [UInt8]
}

/// When a reader is to say where it is: somewhat more often than checkpoints are wanted, for not at every place the
/// replay is ready for one.
struct ReadingPlaces {
    private static let share: UInt64 = 64

    private var next: UInt64
    private let pace: UInt64

    /// - Parameters:
    ///   - next: the stream position of the first.
    ///   - step: stream bytes between two checkpoints.
    init(from next: UInt64, step: UInt64) {
        self.next = next
        pace = step / Self.share
    }

    /// The place at which the reader is, if it is due and nothing before it changes any more.
    mutating func place(of reader: inout LogReader) -> ReadingPlace? {
        let position = reader.position
        guard position >= next, position <= reader.finalEnd, let point = reader.resumePoint else {
            return nil
        }
        next = position + pace
        return ReadingPlace(
            point: point, position: position, definitions: reader.takeDefinitions(before: point))
    }
}
