import TraceFormat
import TraceLog

/// A record as a tracer hands it to the ring: all but its check.
struct EncodedRecord {
    private(set) var words: [UInt64]

    var size: Int { words.count * 8 }

    init(_ kind: mf_kind, detail: UInt8 = 0, _ payload: [UInt64], text: [UInt8] = []) {
        words = [0] + payload
        for first in stride(from: 0, to: text.count, by: 8) {
            let bytes = text[first..<min(first + 8, text.count)]
            words.append(bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) })
        }
        words[0] = UInt64(words.count * 8) << 32 | UInt64(kind.rawValue) << 48 | UInt64(detail) << 56
    }

    func withMutableRecord<R>(_ body: (UnsafeMutablePointer<mf_record>) -> R) -> R {
        var copy = words
        return copy.withUnsafeMutableBytes { bytes in
            body(bytes.baseAddress!.assumingMemoryBound(to: mf_record.self))
        }
    }

    static func call(
        _ kind: CallKind, _ arguments: [UInt64], result: UInt64, error: UInt16, stack: UInt64, file: UInt64,
        thread: UInt32, begin: UInt64, end: UInt64
    ) -> EncodedRecord {
        let flags: UInt64 = file == 0 ? 0 : 1
        let mixed =
            UInt64(thread) | UInt64(error) << 32 | UInt64(arguments.count) << 48 | flags << 56
        let observation = file == 0 ? [] : [0, 0, file]
        return EncodedRecord(
            MF_CALL, detail: kind.rawValue, [begin, end, stack, mixed, result] + arguments + observation)
    }

    static func stack(
        _ key: UInt64, _ addresses: [UInt64], isCut: Bool = false, interrupted: [UInt64] = []
    ) -> EncodedRecord {
        EncodedRecord(
            MF_STACK, detail: isCut ? 1 : 0, [key, UInt64(addresses.count)] + addresses + interrupted)
    }

    static func file(_ key: UInt64, inode: UInt64, path: String) -> EncodedRecord {
        EncodedRecord(MF_FILE, [key, 8 << 32 | 1, inode, UInt64(path.utf8.count)], text: Array(path.utf8))
    }

    static func module(_ range: Range<UInt64>, path: String) -> EncodedRecord {
        EncodedRecord(
            MF_MODULE,
            [
                range.lowerBound, range.upperBound, range.lowerBound, 0x0403_0201, 0, 0, 0, 4,
                UInt64(path.utf8.count),
            ],
            text: Array(path.utf8))
    }

    static func note(_ text: String, time: UInt64, code: UInt8 = 2) -> EncodedRecord {
        EncodedRecord(MF_NOTE, detail: code, [time, UInt64(text.utf8.count)], text: Array(text.utf8))
    }

    static func snapshotBegin(_ number: UInt64, time: UInt64, reason: Snapshot.Reason = .start)
        -> EncodedRecord
    {
        EncodedRecord(MF_SNAPSHOT_BEGIN, detail: reason.rawValue, [number, time, 42 | 1 << 32])
    }

    static func snapshotChunk(_ number: UInt64, _ starts: [UInt64], file: UInt64 = 0) -> EncodedRecord {
        let vmas = starts.flatMap { start -> [UInt64] in [start, start + 4096, 3, 0, 0, 0, file] }
        return EncodedRecord(MF_SNAPSHOT_VMAS, [number, UInt64(starts.count)] + vmas)
    }

    static func snapshotEnd(_ number: UInt64, time: UInt64, count: UInt64) -> EncodedRecord {
        EncodedRecord(MF_SNAPSHOT_END, [number, time, count, 1])
    }

    static func growth(_ ranges: [Range<UInt64>], time: UInt64) -> EncodedRecord {
        EncodedRecord(MF_GROWTH, [time] + ranges.flatMap { [$0.lowerBound, $0.upperBound] })
    }

    static func process(_ strings: [String], command: [String]) -> EncodedRecord {
        let bytes = (strings + command).flatMap { string -> [UInt8] in Array(string.utf8) + [0] }
        return EncodedRecord(
            MF_PROCESS, [.max - 1, 0, UInt64(command.count), UInt64(bytes.count)], text: bytes)
    }

    static func ownRanges(_ ranges: [Range<UInt64>]) -> EncodedRecord {
        let words = ranges.flatMap { range -> [UInt64] in [range.lowerBound, range.upperBound] }
        return EncodedRecord(MF_OWN_RANGES, [0, UInt64(ranges.count)] + words)
    }
}
