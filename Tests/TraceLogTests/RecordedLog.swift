import Foundation
import TraceFormat
import TraceLog
import TraceRing

/// Writes a log through the tracer's own ring and remembers what a reader must find in it.
final class RecordedLog {
    let folder: URL
    let path: String
    private let ring: UnsafeMutablePointer<mf_ring>
    /// Position, size and name of each record, in the order of writing.
    private(set) var records: [(position: UInt64, size: UInt64)] = []
    /// What each entry reads as when the record of this number is damaged; nil: the entry is missing.
    private var expected: [(_ damaged: Int?) -> String?] = []
    /// By key: the number of the record that defines it.
    private var definers: [UInt64: Int] = [:]
    var clock: UInt64 = 1000

    init(ringSize: UInt64 = 1 << 20, segmentSize: UInt64 = 16 << 10, isFlightRecorder: Bool = false) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("log-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.appendingPathComponent("1.mapfray").path
        ring = .allocate(capacity: 1)
        var options = mf_ring_options()
        options.ring_size = ringSize
        options.segment_size = segmentSize
        options.flight_recorder = isFlightRecorder
        options.start_time = 500
        options.start_realtime = 7
        options.process = 42
        options.parent_process = 41
        let result = mf_ring_open(ring, path, &options)
        if result != 0 { throw POSIXError(POSIXErrorCode(rawValue: -result) ?? .EIO) }
    }

    deinit {
        mf_ring_abandon(ring)
        munmap(ring.pointee.header, Int(ring.pointee.mapping_size))
        ring.deallocate()
        try? FileManager.default.removeItem(at: folder)
    }

    func finish() { mf_ring_finish(ring) }

    /// From here on nothing is spilled, and the ring overwrites its oldest segment.
    func confine() { mf_ring_confine(ring) }

    /// Records that were overwritten.
    var lost: UInt64 { ring.pointee.header.pointee.lost }

    func expectation(damaged: Int? = nil) -> [String] { expected.compactMap { $0(damaged) } }

    /// Reserves the place of a record and never finishes it, as a thread that is killed.
    func leaveUnfinished(size: UInt64) { ring.pointee.header.pointee.head += size }

    /// Writes until the next record of `size` bytes would cross a segment's border, and reserves that; fills only what lies
    /// before the border, as a thread that a handler has jump away between the two sides. Behind it lies an earlier lap.
    func leaveAtBorder(size: UInt64) {
        guard let header = ring.pointee.header else { return }
        let segmentSize = ring.pointee.segment_size
        var room: UInt64 { segmentSize - header.pointee.head % segmentSize }
        while room >= size { call() }
        let offset = header.pointee.head & (ring.pointee.ring_size - 1)
        memset(ring.pointee.bytes + Int(offset), 0, Int(room))
        memset(ring.pointee.bytes + Int((offset + room) % ring.pointee.ring_size), 0xA5, Int(size - room))
        withUnsafeMutableBytes(of: &header.pointee.committed) {
            $0.bindMemory(to: UInt64.self)[Int(offset / segmentSize)] += room
        }
        header.pointee.head += size
    }

    /// Reserves the place of a record, which `complete` finishes.
    func reserve(_ record: EncodedRecord) -> (position: UInt64, record: EncodedRecord) {
        let position = ring.pointee.header.pointee.head
        ring.pointee.header.pointee.head += UInt64(record.size)
        return (position, record)
    }

    /// Puts a record at its reserved place in the ring, as a thread that was held up.
    func complete(_ place: (position: UInt64, record: EncodedRecord)) {
        place.record.withMutableRecord { record in
            record.pointee.check = mf_record_check(place.position, record)
            let offset = Int(place.position & (ring.pointee.ring_size - 1))
            memcpy(ring.pointee.bytes + offset, record, place.record.size)
        }
    }

    @discardableResult
    func write(_ record: EncodedRecord, defines: Bool = false) -> Int {
        let isWritten = record.withMutableRecord {
            defines ? mf_ring_define(ring, $0) : mf_ring_write(ring, $0)
        }
        precondition(isWritten)
        let head = ring.pointee.header.pointee.head
        records.append((head &- UInt64(record.size), UInt64(record.size)))
        return records.count - 1
    }

    /// File offset at which the record of this number lies, by the header's word.
    func offset(ofRecord number: Int) -> UInt64 { offset(of: records[number].position) }

    func offset(of position: UInt64) -> UInt64 {
        let header = ring.pointee.header.pointee
        let segment = position / header.identity.segment_size
        let (lap, slot) = segment.quotientAndRemainder(dividingBy: header.identity.segment_count)
        let resident = withUnsafeBytes(of: header.laps) {
            $0.bindMemory(to: UInt64.self)[Int(slot)] & 0xFFFF_FFFF
        }
        return resident == lap
            ? header.identity.ring_offset + position % header.identity.ring_size
            : header.identity.spill_offset + position
    }
}

// MARK: - What a tracer writes

extension RecordedLog {
    @discardableResult
    func call(
        _ kind: CallKind = .mmap, _ arguments: [UInt64] = [0, 4096, 3, 34], result: UInt64 = 0x7000_0000,
        error: UInt16 = 0, stack: UInt64 = 0, file: UInt64 = 0, thread: UInt32 = 42,
        from begin: UInt64? = nil,
        to end: UInt64? = nil
    ) -> Int {
        clock += 10
        let (begin, end) = (begin ?? clock, end ?? clock + 5)
        let number = write(
            .call(
                kind, arguments, result: result, error: error, stack: stack, file: file, thread: thread,
                begin: begin, end: end))
        let (stackRecord, fileRecord) = (definers[stack], definers[file])
        expected.append { damaged in
            if damaged == number { return nil }
            let stack = stackRecord == nil || stackRecord == damaged ? 0 : stack
            let file = fileRecord == nil || fileRecord == damaged ? 0 : file
            return
                "\(kind) \(begin) \(end) \(arguments) \(result) \(error) \(thread) stack \(stack) file \(file)"
        }
        return number
    }

    /// A backtrace of one frame at address `key`.
    func stack(_ key: UInt64) {
        let number = write(.stack(key, [key]), defines: true)
        definers[key] = definers[key] ?? number
    }

    /// A file whose inode is `key`.
    func file(_ key: UInt64, path: String) {
        definers[key] = write(.file(key, inode: key, path: path), defines: true)
    }

    func note(_ text: String) {
        clock += 10
        let time = clock
        let number = write(.note(text, time: time))
        expected.append { $0 == number ? nil : "note \(time) \(text)" }
    }

    func growth(_ ranges: [Range<UInt64>]) {
        clock += 10
        let time = clock
        let number = write(.growth(ranges, time: time))
        expected.append { $0 == number ? nil : "grown \(ranges) \(time)" }
    }

    func snapshot(
        _ number: UInt64, starts: [UInt64], reason: Snapshot.Reason = .start, chunk: Int = 100,
        between: () -> Void = {}
    ) {
        clock += 10
        let begin = clock
        var used = [write(.snapshotBegin(number, time: begin, reason: reason))]
        for first in stride(from: 0, to: starts.count, by: chunk) {
            used.append(
                write(.snapshotChunk(number, Array(starts[first..<min(first + chunk, starts.count)]))))
            between()
        }
        clock += 10
        let end = clock
        used.append(write(.snapshotEnd(number, time: end, count: UInt64(starts.count))))
        expected.append { damaged in
            damaged.map { used.contains($0) } ?? false ? nil : "snapshot \(number) \(begin) \(end) \(starts)"
        }
    }

    func process(command: [String]) {
        write(.process(["6.18", "x86_64", "2.36", "/bin/x", "/tmp"], command: command), defines: true)
    }

    /// A log with some of everything.
    func writeMixture(calls: Int) {
        process(command: ["x", "--long"])
        write(.ownRanges([0x1000..<0x2000]), defines: true)
        for key in 1...8 as ClosedRange<UInt64> { stack(key) }
        file(100, path: "/lib/a.so")
        file(101, path: "[heap]")
        for index in 0..<calls {
            let number = UInt64(index)
            call(
                index % 3 == 0 ? .munmap : .mmap, [number, 4096, 3], stack: number % 9,
                file: index % 5 == 0 ? 100 : 0, thread: UInt32(42 + index % 4))
            if index % 100 == 50 { snapshot(number, starts: (1...40).map { $0 << 16 }, chunk: 16) }
            if index % 70 == 0 { note("note \(index)") }
        }
    }
}

/// What a reader says, in the words of `RecordedLog.expectation`.
func readings(of reader: inout LogReader) -> [String] {
    var result: [String] = []
    while let entry = reader.next() { result.append(text(of: entry, in: reader.definitions)) }
    return result
}

func readings(ofFile path: String) throws(LogError) -> [String] {
    var reader = try LogReader(path: path)
    return readings(of: &reader)
}

func text(of entry: LogEntry, in definitions: Definitions) -> String {
    switch entry {
    case .call(let call):
        let all = [
            call.arguments.0, call.arguments.1, call.arguments.2, call.arguments.3, call.arguments.4,
            call.arguments.5,
        ]
        let arguments = Array(all.prefix(Int(call.argumentCount)))
        let stack = definitions[call.stack].first?.runtimeAddress ?? 0
        return
            "\(call.kind) \(call.begin) \(call.end) \(arguments) \(call.result) \(call.error) \(call.thread)"
            + " stack \(stack) file \(definitions[call.file].inode)"
    case .snapshot(let snapshot):
        return "snapshot \(snapshot.number) \(snapshot.begin) \(snapshot.end) \(snapshot.vmas.map(\.start))"
    case .folded: return "folded"
    case .note(let note): return "note \(note.time) \(note.text)"
    case .limits(let limits): return "limits \(limits.time)"
    case .child(let process, let time, _): return "child \(process) \(time)"
    case .observed(let range, _, let time): return "observed \(range) \(time)"
    case .grown(let ranges, let time): return "grown \(ranges) \(time)"
    case .childExecutes(let process, let time): return "executes \(process) \(time)"
    case .end(let status, let time): return "end \(status.map { "\($0)" } ?? "exec") \(time)"
    }
}
