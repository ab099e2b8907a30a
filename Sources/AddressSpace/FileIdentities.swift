package import TraceLog

/// Which open file description a mapping has. The log names files and descriptor numbers, the kernel compares
/// descriptions; the guess is that one number and one file mean one description until an observation disagrees.
struct FileIdentities: Sendable, Codable {
    /// What a path says of how the kernel treats mappings of it.
    enum Trait: UInt8, Sendable, Codable {
        case ordinary, zeroDevice, special, memory, heap, stack, segment, secret
        /// Of io_uring, and of perf.
        case ring, perfRing
        case bpfMap
        /// A ring of a network interface, and of the kernel's tracing.
        case socket, traceRing
        /// Code that the kernel puts in by itself where a probe is hit.
        case uprobes
        /// The vdso and its data.
        case vdso

        /// Whether it has the last word on where it is mapped, and is not moved with others for that (mm/mremap.c,
        /// vma_multi_allowed); /dev/zero and segments have a flag that says so.
        var choosesItsPlace: Bool { self == .ring || self == .bpfMap }

        /// Whether it is never cut in two (mm/mmap.c, special_mapping_split; kernel/events/core.c, perf_mmap_may_split;
        /// kernel/trace/trace.c, tracing_buffers_may_split).
        var staysWhole: Bool { [.perfRing, .traceRing, .uprobes, .vdso].contains(self) }
    }

    private var byDescriptor: [UInt64: UInt32] = [:]
    private var writable: Set<UInt32> = []
    private var traits: [Trait] = []
    /// Bytes of shared segments, in whole pages, by their attachs' descriptions; not in older checkpoints.
    private var segmentSizes: [UInt32: UInt64]?
    private var last: UInt32 = 0
    /// The descriptor key of the last mapping, for an observation to correct.
    private var lastKey: UInt64 = 0

    /// Without what is known of other files.
    func keeping(_ files: Set<FileID>) -> FileIdentities {
        var other = self
        other.byDescriptor = byDescriptor.filter {
            files.contains(FileID(rawValue: UInt32(truncatingIfNeeded: $0.key >> 32)))
        }
        let known = Set(other.byDescriptor.values)
        other.writable = writable.filter { known.contains($0) }
        return other
    }

    mutating func new() -> UInt32 {
        last &+= 1
        return last
    }

    mutating func description(of file: FileID, descriptor: UInt32) -> UInt32 {
        lastKey = UInt64(file.rawValue) << 32 | UInt64(descriptor)
        if let known = byDescriptor[lastKey] { return known }
        return renew()
    }

    /// The description of a mapping that only a snapshot tells of: one for each file.
    mutating func description(ofObserved file: FileID) -> UInt32 { description(of: file, descriptor: .max) }

    /// The last mapping's descriptor turned out to have been opened anew.
    mutating func renew() -> UInt32 {
        let description = new()
        byDescriptor[lastKey] = description
        return description
    }

    /// The last mapping's descriptor turned out to be a copy of a known one.
    mutating func identify(with description: UInt32) { byDescriptor[lastKey] = description }

    mutating func markWritable(_ description: UInt32) { writable.insert(description) }

    func isWritable(_ description: UInt32) -> Bool { writable.contains(description) }

    /// A new description, of a segment attached as a whole.
    mutating func newSegment(size: UInt64) -> UInt32 {
        let description = new()
        segmentSizes = segmentSizes ?? [:]
        segmentSizes?[description] = size
        return description
    }

    /// Nil if it is not known, or was taken before.
    mutating func takeSegmentSize(_ description: UInt32) -> UInt64? {
        segmentSizes?.removeValue(forKey: description)
    }

    func trait(of file: FileID) -> Trait {
        let index = Int(file.rawValue)
        return index < traits.count ? traits[index] : .ordinary
    }

    /// Files that are known already may be missing: a log that is taken up in its middle tells of them again.
    mutating func learn(_ files: [FileFacts]) {
        for facts in files.dropFirst(traits.count) { traits.append(Self.trait(ofPath: facts.path)) }
    }

    private static let byName: [String: Trait] = [
        "/dev/zero": .zeroDevice, "[heap]": .heap, "[stack]": .stack, "/secretmem (deleted)": .secret,
    ]

    private static let byPrefix: [(String, Trait)] = [
        ("/memfd:", .memory), ("/dev/shm/", .memory), ("/SYSV", .segment), ("anon_inode:[io_uring]", .ring),
        ("anon_inode:[perf_event]", .perfRing), ("anon_inode:bpf-map", .bpfMap), ("[v", .vdso),
        ("[uprobes", .uprobes),
        ("socket:[", .socket), ("/[aio]", .special),
    ]

    private static func trait(ofPath path: String) -> Trait {
        if let name = byName[path] { return name }
        if path.hasSuffix("/trace_pipe_raw") { return .traceRing }
        return byPrefix.first { path.hasPrefix($0.0) }?.1 ?? .ordinary
    }
}

extension AddressSpace {
    /// Learns what the paths of files say (/dev/zero, io_uring rings, ...); call it when definitions were added.
    /// Cheap when nothing is new.
    package mutating func learn(_ definitions: Definitions) { identities.learn(definitions.files) }
}
