import Glibc
import TraceFormat

/// The header of a log: its unchanging, checked identity and the counters the tracer keeps while recording.
struct LogHeader {
    private(set) var identity: mf_identity
    private(set) var head: UInt64
    private(set) var definitionsHead: UInt64
    private(set) var lost: UInt64
    private(set) var spillErrno: UInt64
    private(set) var state: UInt64
    private(set) var waitStatus: UInt64?
    private(set) var waitTime: UInt64
    /// Position that the spill must not reach beyond, 0: as far as the disk goes.
    private(set) var spillLimit: UInt64
    /// Position before which a checkpoint stands in for the records.
    private(set) var folded: UInt64
    /// Forked children without a log, and why the last of them has none.
    private(set) var missingChildren: (count: UInt64, errno: Int32)
    /// By slot: bytes committed of the lap that lies in the ring.
    private(set) var committed: [UInt64]
    /// By slot: the lap that lies in the ring.
    private(set) var laps: [UInt64]
    /// Per slot, the last lap that was begun. A slot keeps an earlier one for good if a record of that was never
    /// finished; the later ones lie in the file.
    private(set) var latestLaps: [UInt64]

    var isFlightRecorder: Bool { identity.features & UInt64(MF_FEATURE_FLIGHT_RECORDER) != 0 }

    /// Reads and judges the header of a file.
    init(of source: borrowing LogSource) throws(LogError) {
        let raw = Self.load(from: source)
        try Self.judge(raw.identity, check: raw.identity_check, source: source)
        self.init(raw)
    }

    private init(_ raw: mf_header) {
        identity = raw.identity
        head = raw.head
        definitionsHead = raw.definitions_head
        lost = raw.lost
        spillErrno = raw.spill_errno
        state = raw.state
        missingChildren = (raw.children_missing, Int32(truncatingIfNeeded: raw.children_errno))
        (spillLimit, folded) = (raw.spill_limit, mf_folded_position(raw.folded))
        waitStatus = raw.has_wait_status == 0 ? nil : raw.wait_status
        waitTime = raw.wait_time
        committed = withUnsafeBytes(of: raw.committed) { $0.bindMemory(to: UInt64.self).map(Self.bytes) }
        let words = withUnsafeBytes(of: raw.laps) { Array($0.bindMemory(to: UInt64.self)) }
        laps = words.map { $0 & 0xFFFF_FFFF }
        latestLaps = words.map { max($0 & 0xFFFF_FFFF, ($0 >> 32).subtractingClamping(1)) }
    }

    /// The counters as they are now; the identity stays as it was judged.
    mutating func refresh(from source: borrowing LogSource) {
        var raw = Self.load(from: source)
        raw.identity = identity
        self = LogHeader(raw)
    }

    /// The ring counts records in the high half, and keeps marks in bits 30 and 31 (preload/ring/ring_internal.h).
    private static func bytes(committed: UInt64) -> UInt64 { committed & 0x3FFF_FFFF }

    private static func load(from source: borrowing LogSource) -> mf_header {
        var raw = mf_header()
        withUnsafeMutableBytes(of: &raw) { source.read(at: 0, into: $0) }
        return raw
    }
}

extension LogHeader {
    private static let magic = UInt64(MF_MAGIC)
    private static let version = UInt32(MF_VERSION)
    private static let checkedSize = UInt64(MemoryLayout<mf_identity>.size + 8)
    private static let byteOrder = UInt32(MF_BYTE_ORDER)

    private static func judge(
        _ identity: mf_identity, check: UInt64, source: borrowing LogSource
    ) throws(LogError) {
        let path = source.path
        if source.size == 0 { throw .empty(path: path) }
        if identity.magic == magic && source.size < checkedSize {
            throw .truncatedHeader(path: path, size: source.size)
        }
        if isBlank(identity, check) { throw .notALog(path: path) }
        try judgeKind(identity, check: check, path: path)
        if source.size < UInt64(MF_HEADER_SIZE) { throw .truncatedHeader(path: path, size: source.size) }
        try judgeContent(identity, check: check, path: path)
    }

    private static func isBlank(_ identity: mf_identity, _ check: UInt64) -> Bool {
        identity.magic == 0 && identity.version == 0 && check == 0
    }

    /// Whether this is a log of ours at all, and of a version we read.
    private static func judgeKind(_ identity: mf_identity, check: UInt64, path: String) throws(LogError) {
        if identity.magic == magic.byteSwapped { throw .wrongByteOrder(path: path) }
        let isIntactOtherwise = isIntact(asOurs(identity), check: check)
        if identity.magic != magic {
            throw isIntactOtherwise ? .headerDamaged(path: path) : .notALog(path: path)
        }
        if identity.version != version {
            // A single damaged field must not send the user looking for a newer program.
            if isIntactOtherwise { throw .headerDamaged(path: path) }
            throw .newerVersion(path: path, found: identity.version, known: version)
        }
    }

    private static func judgeContent(_ identity: mf_identity, check: UInt64, path: String) throws(LogError) {
        guard isIntact(identity, check: check) else { throw .headerDamaged(path: path) }
        if identity.byte_order == byteOrder.byteSwapped { throw .wrongByteOrder(path: path) }
        let unknown = identity.features & ~UInt64(MF_FEATURES_KNOWN)
        if unknown != 0 { throw .unknownFeatures(path: path, bits: unknown) }
        guard isSane(identity) else { throw .headerDamaged(path: path) }
    }

    private static func isIntact(_ identity: mf_identity, check: UInt64) -> Bool {
        var copy = identity
        return mf_identity_check(&copy) == check
    }

    private static func asOurs(_ identity: mf_identity) -> mf_identity {
        var copy = identity
        copy.magic = magic
        copy.version = version
        return copy
    }

    /// What the stream's arithmetic relies on.
    private static func isSane(_ identity: mf_identity) -> Bool {
        identity.byte_order == byteOrder && identity.header_size == UInt32(MF_HEADER_SIZE)
            && identity.page_size.nonzeroBitCount == 1 && identity.page_size >= 512
            && hasSaneRing(identity)
    }

    private static func hasSaneRing(_ identity: mf_identity) -> Bool {
        let (size, overflow) = identity.segment_size.multipliedReportingOverflow(by: identity.segment_count)
        return !overflow && size == identity.ring_size && size < 1 << 60
            && (1...UInt64(MF_SEGMENTS_MAX)).contains(identity.segment_count)
            && identity.segment_size >= 4096 && identity.segment_size % 8 == 0
            && (UInt64(MF_HEADER_SIZE)..<1 << 60).contains(identity.ring_offset)
            && identity.spill_offset < 1 << 60 && identity.spill_offset >= identity.ring_offset + size
    }
}

extension LogHeader {
    /// Whether it was not the disk that kept the file from growing, but `spillLimit`.
    var wasHeldBack: Bool { spillLimit != 0 && spillErrno == UInt64(EDQUOT) }

    /// Why records are lost, as the end of a sentence.
    var reasonOfLoss: String {
        if wasHeldBack {
            return "the log had reached its size (--max-size), and nothing was folded up for a second"
        }
        return "the file could not grow (\(LogError.text(of: Int32(truncatingIfNeeded: spillErrno))))"
    }
}
