/// The flags of mmap that decide anything here (Linux uapi asm-generic/mman-common.h, mman.h; x86-64 and arm64).
@usableFromInline package struct MapFlags: OptionSet, Sendable {
    @usableFromInline package var rawValue: UInt64
    @inlinable package init(rawValue: UInt64) { self.rawValue = rawValue }
    @inlinable package func contains(_ other: MapFlags) -> Bool {
        rawValue & other.rawValue == other.rawValue
    }
    @inlinable package static var fixed: MapFlags { MapFlags(rawValue: 0x10) }
    @inlinable package static var anonymous: MapFlags { MapFlags(rawValue: 0x20) }
    /// MAP_32BIT, of x86-64 only.
    @inlinable package static var in32Bits: MapFlags { MapFlags(rawValue: 0x40) }
    @inlinable package static var growsDown: MapFlags { MapFlags(rawValue: 0x100) }
    @inlinable package static var locked: MapFlags { MapFlags(rawValue: 0x2000) }
    @inlinable package static var noReserve: MapFlags { MapFlags(rawValue: 0x4000) }
    @inlinable package static var populate: MapFlags { MapFlags(rawValue: 0x8000) }
    @inlinable package static var nonBlocking: MapFlags { MapFlags(rawValue: 0x10000) }
    @inlinable package static var stack: MapFlags { MapFlags(rawValue: 0x20000) }
    @inlinable package static var hugeTLB: MapFlags { MapFlags(rawValue: 0x40000) }

    /// MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE or MAP_DROPPABLE.
    @inlinable var type: UInt64 { rawValue & 0xF }
    /// MAP_SHARED or MAP_SHARED_VALIDATE.
    @inlinable package var isShared: Bool { type == 1 || type == 3 }
    @inlinable package var isPrivate: Bool { type == 2 }
    @inlinable package var isDroppable: Bool { type == 8 }
    /// The flags of a mapping of memory that is shared.
    package static let sharedMemory = MapFlags(rawValue: 1).union(.anonymous)
    /// The flags of a mapping of memory that is private.
    package static let privateMemory = MapFlags(rawValue: 2).union(.anonymous)
    /// MAP_POPULATE, which MAP_NONBLOCK takes back.
    @inlinable package var populates: Bool { contains(.populate) && !contains(.nonBlocking) }
    /// Bytes of one huge page (MAP_HUGE_*); 2 MiB where no size is named.
    package var hugePageSize: UInt64 {
        let shift = rawValue >> 26 & 0x3F
        return shift == 0 ? Self.usualHugePageSize : 1 << shift
    }
    package static let usualHugePageSize: UInt64 = 1 << 21
}

/// The flags of mremap (Linux uapi mman.h).
package struct RemapFlags: OptionSet, Sendable {
    package var rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    package static let fixed = RemapFlags(rawValue: 2)
    package static let dontUnmap = RemapFlags(rawValue: 4)
}

extension Call {
    /// The flags of a call of mmap.
    @inlinable package var mapFlags: MapFlags { MapFlags(rawValue: arguments.3) }
    /// The flags of a call of mremap.
    package var remapFlags: RemapFlags { RemapFlags(rawValue: arguments.3) }
}
