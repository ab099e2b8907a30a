import Analysis
import Glibc
import TraceLog

/// The room of one log that is kept within a size, and what takes it: the log's file as far as the tracer is allowed to
/// fill it, the checkpoint and the next one, and the births of children.
struct LogRoom {
    private let most: UInt64
    /// Bytes of the checkpoint that lies beside the log.
    private var checkpoint: UInt64 = 0
    /// By path: bytes of births beside the log.
    private var births: [String: UInt64] = [:]

    /// The least that is worth spilling between two checkpoints.
    private static let leastSpan: UInt64 = 1 << 20
    /// Segments that threads may be writing while their allowance shrinks.
    private static let slack: UInt64 = 1 << 20

    init(most: UInt64) { self.most = most }

    /// Whether half of what the tracer may spill is used up, and a good part of it was read.
    static func isTight(_ extent: LogExtent) -> Bool {
        let span = extent.spillLimit.subtractingReportingOverflow(extent.folded)
        return !span.overflow && extent.head >= extent.folded + span.partialValue / 2
            && extent.position >= extent.folded + span.partialValue / 4
    }

    /// Whether the tracer will soon wait for room.
    static func isPressed(_ extent: LogExtent, head: UInt64) -> Bool {
        let span = extent.spillLimit.subtractingReportingOverflow(extent.folded)
        return !span.overflow && head >= extent.spillLimit - span.partialValue / 4
    }

    /// Writes a checkpoint, drops the records before it, and allows the tracer as much again. Does nothing where the log
    /// cannot be cut at present.
    /// - Returns: whether it could.
    mutating func fold(_ log: FollowedLog, in folder: FollowedFolder) throws(Failure) -> Bool {
        guard let extent = log.extent else { return false }
        let resting = rest(of: log, in: folder)
        guard let (made, folded) = log.makeCheckpoint(), folded > extent.folded else { return false }
        let bytes = try Self.bytes(log) { () throws in Array(try made.encoded()) }
        try makeRoom(for: UInt64(bytes.count), log, extent)
        try write(resting, beside: log)
        try store(bytes, at: Checkpoint.path(ofLog: log.log.path))
        checkpoint = Self.onDisk(bytes.count)
        try drop(log, extent, to: folded)
        try allow(log, extent, from: folded)
        return true
    }

    private static func onDisk(_ bytes: Int) -> UInt64 { (UInt64(bytes) + 4095) & ~4095 }

    /// What a log takes at most that may be filled up to a position of the stream.
    private func taken(_ extent: LogExtent, upTo limit: UInt64, from folded: UInt64) -> UInt64 {
        extent.spillOffset + (max(limit, extent.folded) - folded) + checkpoint + births.values.reduce(0, +)
    }

    /// The next checkpoint lies beside the old one for a moment. Where that does not fit beside all that the tracer may
    /// spill, it may spill less for that moment.
    private func makeRoom(for bytes: UInt64, _ log: FollowedLog, _ extent: LogExtent) throws(Failure) {
        if taken(extent, upTo: extent.spillLimit, from: extent.folded) + bytes <= most { return }
        let limit = min(extent.spillLimit, extent.head + Self.slack)
        guard taken(extent, upTo: limit, from: extent.folded) + bytes <= most else {
            throw Failure("what is alive takes \(bytes >> 20) MiB; allow more")
        }
        try Self.check(LogFile(path: log.log.path, reading: .header).setSpillLimit(limit), log)
    }

    /// Nothing may be allowed that would leave no room for the next checkpoint, which may be larger.
    private func allow(_ log: FollowedLog, _ extent: LogExtent, from folded: UInt64) throws(Failure) {
        let next = max(checkpoint + checkpoint / 4 + (256 << 10), min(most / 8, 16 << 20))
        let taken = taken(extent, upTo: folded, from: folded) + next
        guard taken + Self.leastSpan <= most else {
            throw Failure("what is alive takes \(checkpoint >> 20) MiB; allow more")
        }
        let limit = folded + (most - taken)
        try Self.check(LogFile(path: log.log.path, reading: .header).setSpillLimit(limit), log)
    }

    /// Tells first what is gone, so that no reader takes the hole for damage.
    private func drop(_ log: FollowedLog, _ extent: LogExtent, to folded: UInt64) throws(Failure) {
        guard folded > extent.folded else { return }
        try Self.check(LogFile(path: log.log.path, reading: .header).setFolded(to: folded), log)
        let descriptor = open(log.log.path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw Self.unwritable(log, errno) }
        defer { close(descriptor) }
        let range = extent.spillOffset + extent.folded..<extent.spillOffset + folded
        if DurableFile.punch(descriptor, range) != 0 { throw Self.unwritable(log, errno) }
    }

    private func store(_ bytes: [UInt8], at path: String) throws(Failure) {
        let code = DurableFile.write(bytes, to: path)
        if code != 0 { throw Failure("\(path) cannot be written (\(describe(errno: code)))") }
    }

    private static func check(_ code: Int32, _ log: FollowedLog) throws(Failure) {
        if code != 0 { throw unwritable(log, code) }
    }

    private static func unwritable(_ log: FollowedLog, _ code: Int32) -> Failure {
        Failure("\(log.log.path) cannot be made smaller (\(describe(errno: code)))")
    }

    private static func bytes(_ log: FollowedLog, _ encode: () throws -> [UInt8]) throws(Failure) -> [UInt8] {
        do {
            return try encode()
        } catch {
            throw Failure("a checkpoint of \(log.log.path) cannot be made (\(error))")
        }
    }
}

// MARK: - Children

extension LogRoom {
    /// The births of children that still rest on the log; the others are let go.
    private mutating func rest(of log: FollowedLog, in folder: FollowedFolder) -> [Birth] {
        log.births.filter { birth in
            if folder.rests(birth, on: log.log) { return true }
            log.forgetBirth(of: birth.process)
            return false
        }
    }

    /// Before the records go that tell of them.
    private mutating func write(_ births: [Birth], beside log: FollowedLog) throws(Failure) {
        var kept: [String: UInt64] = [:]
        for birth in births {
            let path = BirthFile.path(of: birth, ofLog: log.log.path)
            let bytes = try Self.bytes(log) { () throws in Array(try birth.encoded()) }
            try store(bytes, at: path)
            kept[path] = Self.onDisk(bytes.count)
        }
        for path in self.births.keys where kept[path] == nil { unlink(path) }
        self.births = kept
    }
}
