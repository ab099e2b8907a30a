import TraceFormat

// The records that become entries as they are; nil if the content makes no sense.

extension Limits {
    init?(_ record: Record) {
        guard record.has(mf_limits.self) else { return nil }
        let raw: mf_limits = record.load()
        self.init()
        (time, snapshot) = (raw.time, raw.snapshot)
        setProcess(raw)
        setMachine(raw)
    }

    private mutating func setProcess(_ raw: mf_limits) {
        maxMapCount = Self.known(raw.max_map_count)
        mapCount = Self.known(raw.map_count)
        addressSpaceLimit = Self.known(raw.rlimit_as)
        dataLimit = Self.known(raw.rlimit_data)
        lockedLimit = Self.known(raw.rlimit_memlock)
        processesLimit = Self.known(raw.rlimit_nproc)
        mapped = Self.known(raw.vm_size)
        privateWritable = Self.known(raw.vm_data)
        locked = Self.known(raw.vm_locked)
    }

    private mutating func setMachine(_ raw: mf_limits) {
        overcommitMode = Self.known(raw.overcommit_memory)
        commitLimit = Self.known(raw.commit_limit)
        committed = Self.known(raw.committed)
        memoryTotal = Self.known(raw.memory_total)
        cgroupLimit = Self.known(raw.cgroup_max)
        cgroupUsed = Self.known(raw.cgroup_current)
        hugePagesFree = Self.known(raw.huge_pages_free)
    }

    /// MF_UNKNOWN, which is one below MF_UNLIMITED, becomes nil.
    private static func known(_ value: UInt64) -> UInt64? { value == .max - 1 ? nil : value }
}

extension Note {
    init?(_ record: Record) {
        guard record.has(mf_note.self), let code = Code(rawValue: record.detail) else { return nil }
        let raw: mf_note = record.load()
        guard record.has(mf_note.self, and: raw.text_size) else { return nil }
        let text = record.text(at: MemoryLayout<mf_note>.size, count: raw.text_size)
        self.init(code: code, time: raw.time, text: text)
    }
}

extension LogEntry {
    /// A forked child.
    init?(child record: Record) {
        guard record.has(mf_child.self) else { return nil }
        let raw: mf_child = record.load()
        let child = UInt32(truncatingIfNeeded: raw.child)
        switch mf_child_event(UInt32(record.detail)) {
        case MF_CHILD_FORKED: self = .child(process: child, time: raw.time, end: raw.end)
        case MF_CHILD_EXECUTES: self = .childExecutes(process: child, time: raw.time)
        default: return nil
        }
    }

    /// How far memory had grown down.
    init?(growth record: Record) {
        guard record.has(mf_growth.self) else { return nil }
        let (first, size) = (MemoryLayout<mf_growth>.size, MemoryLayout<mf_range>.size)
        let ranges = stride(from: first, through: record.size - size, by: size).compactMap {
            let range: mf_range = record.load(at: $0)
            return range.start < range.end ? range.start..<range.end : nil
        }
        self = .grown(ranges, time: record.load(as: mf_growth.self).time)
    }

    /// The orderly end.
    init?(end record: Record) {
        guard record.has(mf_process_end.self) else { return nil }
        let raw: mf_process_end = record.load()
        let status = record.detail == 1 ? Int32(truncatingIfNeeded: raw.exit_status) : nil
        self = .end(status: status, time: raw.time)
    }
}

extension ProcessFacts {
    /// What the header knows.
    init(_ header: LogHeader) {
        self.init()
        process = header.identity.process
        parentProcess = header.identity.parent_process
        startTime = header.identity.start_time
        startRealTime = header.identity.start_realtime
        pageSize = UInt64(header.identity.page_size)
        isFlightRecorder = header.isFlightRecorder
        if isFlightRecorder {
            let size = header.identity.ring_size
            recorder = Recorder(size: size, overwritten: header.head.subtractingClamping(size))
        }
        isOpen = header.state == UInt64(MF_STATE_RECORDING.rawValue) && header.waitStatus == nil
        lost = header.lost
        spillErrno = Int32(truncatingIfNeeded: header.spillErrno)
        missingChildren = Note(missingChildren: header)
        waitStatus = header.waitStatus.map { Int32(truncatingIfNeeded: $0) }
        let isKilled = waitStatus != nil && header.state == UInt64(MF_STATE_RECORDING.rawValue)
        killedTime = isKilled && header.waitTime != 0 ? header.waitTime : nil
    }

    mutating func setProcess(_ record: Record) -> Bool {
        guard record.has(mf_process.self) else { return false }
        let raw: mf_process = record.load()
        guard record.has(mf_process.self, and: raw.strings_size) else { return false }
        parentLogPosition = raw.parent_log_position == .max - 1 ? nil : raw.parent_log_position
        parentStartTime = raw.parent_start_time
        let strings = Self.strings(record, size: Int(raw.strings_size))
        guard strings.count >= 5 else { return false }
        (kernelRelease, machine, libcVersion) = (strings[0], strings[1], strings[2])
        (executable, workingDirectory) = (strings[3], strings[4])
        command = Array(strings.dropFirst(5).prefix(Int(clamping: raw.argument_count)))
        return true
    }

    /// The strings behind the fixed part, each ended by a zero byte; one cut off before its end counts too.
    private static func strings(_ record: Record, size: Int) -> [String] {
        let first = MemoryLayout<mf_process>.size
        let bytes = record.bytes[first..<(first + size)]
        var parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
        if bytes.last == 0 { parts.removeLast() }
        return parts.map { String(decoding: $0, as: UTF8.self) }
    }

    mutating func setRules(_ record: Record) -> Bool {
        guard record.has(mf_rules.self) else { return false }
        let raw: mf_rules = record.load()
        guard record.has(mf_rules.self, and: raw.text_size) else { return false }
        let text = record.text(at: MemoryLayout<mf_rules>.size, count: raw.text_size)
        for answer in text.split(separator: " ") {
            let parts = answer.split(separator: "=")
            if parts.count == 2 { kernelAnswers[String(parts[0])] = parts[1] == "1" }
        }
        return true
    }

    mutating func setOwnRanges(_ record: Record) -> Bool {
        guard record.has(mf_own_ranges.self) else { return false }
        let count = record.load(as: mf_own_ranges.self).count
        let stride = MemoryLayout<mf_range>.size
        guard record.has(mf_own_ranges.self, and: count, elementsOf: stride) else { return false }
        let ranges = (0..<Int(count)).map { index in
            record.load(at: MemoryLayout<mf_own_ranges>.size + index * stride, as: mf_range.self)
        }
        ownRangesTime = record.load(as: mf_own_ranges.self).time
        ownRanges = ranges.compactMap { $0.start < $0.end ? $0.start..<$0.end : nil }
        return true
    }
}
