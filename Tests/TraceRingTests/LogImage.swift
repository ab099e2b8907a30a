import Foundation
import TraceFormat

/// A record of a test as it stands in a log.
struct FoundRecord: Hashable {
    var kind: UInt8
    var writer: UInt64
    var sequence: UInt64
    var position: UInt64
}

/// A small reader of logs, written from FORMAT.md alone.
struct LogImage {
    let bytes: [UInt8]
    let header: mf_header
    /// Records whose check holds, in stream order; definitions of a flight recorder come first.
    private(set) var records: [FoundRecord] = []
    /// Records whose check holds and whose content is not what their writer wrote.
    private(set) var foreign = 0
    /// 8-byte words that belong to no record and are not zero.
    private(set) var garbage = 0

    struct NotALog: Error {}

    init(path: String) throws {
        bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        guard bytes.count >= Int(MF_HEADER_SIZE) else { throw NotALog() }
        header = bytes.withUnsafeBytes { $0.loadUnaligned(as: mf_header.self) }
        let check = withUnsafePointer(to: header.identity) { mf_identity_check($0) }
        guard header.identity.magic == MF_MAGIC, check == header.identity_check else { throw NotALog() }
        read()
    }

    var isFlightRecorder: Bool { header.identity.features & MF_FEATURE_FLIGHT_RECORDER != 0 }

    /// The lap that the ring holds of a slot.
    private func residentLap(_ slot: UInt64) -> UInt64 {
        withUnsafeBytes(of: header.laps) { UInt64($0.load(fromByteOffset: Int(slot) * 8, as: UInt32.self)) }
    }

    private mutating func read() {
        let identity = header.identity
        if isFlightRecorder { scan(0..<header.definitions_head, at: [identity.spill_offset]) }
        let oldest = isFlightRecorder ? max(header.head, identity.ring_size) - identity.ring_size : 0
        for segment in (oldest / identity.segment_size)..<(header.head / identity.segment_size + 1) {
            let first = segment * identity.segment_size
            let positions =
                max(first, oldest)..<max(min(first + identity.segment_size, header.head), first, oldest)
            scan(positions, at: fileOffsets(segment).map { $0 &- first })
        }
    }

    /// Where a segment may lie.
    private func fileOffsets(_ segment: UInt64) -> [UInt64] {
        let identity = header.identity
        let slot = segment % identity.segment_count
        let inRing = identity.ring_offset + slot * identity.segment_size
        if isFlightRecorder { return [inRing, inRing + identity.ring_size] }
        let isResident = residentLap(slot) == segment / identity.segment_count
        return [isResident ? inRing : identity.spill_offset + segment * identity.segment_size]
    }

    /// Reads the stream's `positions`; position 0 would lie at one of `offsets` of the file.
    private mutating func scan(_ positions: Range<UInt64>, at offsets: [UInt64]) {
        var position = positions.lowerBound
        while position < positions.upperBound {
            let places = offsets.map { Int(truncatingIfNeeded: $0 &+ position) }
            var size: UInt64 = 0
            for place in places where size == 0 { size = record(at: position, offset: place) }
            if size == 0, places.contains(where: { word($0) != 0 }) { garbage += 1 }
            position += max(size, 8)
        }
    }

    private func word(_ offset: Int) -> UInt64 {
        guard offset + 8 <= bytes.count else { return 0 }
        return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
    }

    /// Takes in the record there; its size, or 0 if there is none.
    private mutating func record(at position: UInt64, offset: Int) -> UInt64 {
        guard word(offset) != 0 else { return 0 }
        let head = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: mf_record.self) }
        let size = Int(head.size)
        guard size >= 24, size % 8 == 0, size <= Int(MF_RECORD_SIZE_MAX), offset + size <= bytes.count else {
            return 0
        }
        let check = bytes.withUnsafeBytes { raw in
            raw.baseAddress.map { mf_record_check(position, $0 + offset) }
        }
        guard check == head.check else { return 0 }
        take(head, position: position, offset: offset)
        return UInt64(size)
    }

    private mutating func take(_ head: mf_record, position: UInt64, offset: Int) {
        let (writer, sequence) = (word(offset + 8), word(offset + 16))
        let count = (Int(head.size) - 24) / 8
        let expected = sequence % 997 == 996 ? (Int(MF_RECORD_SIZE_MAX) - 24) / 8 : Int(sequence &* 7919 % 23)
        let right = (0..<count).allSatisfy {
            word(offset + 24 + 8 * $0) == writer &* 1_000_003 &+ sequence &* 31 &+ UInt64($0)
        }
        if count != expected || !right || head.detail != 7 { foreign += 1 }
        records.append(FoundRecord(kind: head.kind, writer: writer, sequence: sequence, position: position))
    }

    /// Sequence numbers of a writer, in stream order.
    func sequences(of writer: UInt64) -> [UInt64] {
        records.filter { $0.writer == writer }.map(\.sequence)
    }
}
