package import TraceLog

/// A script for the map player (tools/workloads/map-player.c), in pages of an area where nothing else lies.
package struct Script: Sendable {
    package static let area: UInt64 = 0x1000_0000_0000
    package static let page: UInt64 = 4096
    private static let filler: UInt64 = 0x2000_0000_0000
    /// The player's commands.
    package private(set) var lines: [String] = []
    package init() {}

    package init(lines: [String]) { self.lines = lines }

    package var text: String { lines.map { $0 + "\n" }.joined() }

    package static func address(_ page: Int) -> UInt64 { area + UInt64(page) * Self.page }

    /// Rights, as mmap and mprotect take them.
    package enum Rights {
        package static let none: UInt64 = 0
        package static let read: UInt64 = 1
        package static let write: UInt64 = 3
        package static let exec: UInt64 = 5
        package static let all: UInt64 = 7
    }

    /// MAP_* flags.
    package enum Map {
        package static let shared: UInt64 = 1
        package static let `private`: UInt64 = 2
        package static let fixed: UInt64 = 0x10
        package static let anonymous: UInt64 = 0x20
        package static let growsDown: UInt64 = 0x100
        package static let locked: UInt64 = 0x2000
        package static let noReserve: UInt64 = 0x4000
        package static let populate: UInt64 = 0x8000
        package static let stack: UInt64 = 0x20000
        package static let hugeTLB: UInt64 = 0x40000
        package static let noReplace: UInt64 = 0x100000
    }

    /// Where memory comes from that a driver maps; a kernel or its administrator may refuse each.
    package enum Driver: CaseIterable, Sendable {
        /// io_uring_setup; bpf, an array that can be mapped; perf_event_open, the processor's clock; a packet socket with
        /// a ring of three pages; a processor's ring of the kernel's tracing.
        case ring, bpfMap, perfRing, socket, traceRing

        /// The result of the last line is the descriptor.
        package var lines: [String] {
            switch self {
            case .ring: ["c 425 1024 &16"]
            case .bpfMap: ["v 32 0x400000002", "v 33 0x100000000008", "v 34 0x400", "c 321 0 &32 72"]
            case .perfRing:
                ["v 44 0x4000000001", "v 49 1", "c 298 &44 0 \(UInt64.max) \(UInt64.max) 0"]
            case .socket:
                [
                    "c 41 17 3 0", "s 0", "v 50 0x300001000", "v 51 0x600000800", "c 54 $0 263 5 &50 16",
                    "c 32 $0",
                ]
            case .traceRing: ["o 2048 /sys/kernel/tracing/per_cpu/cpu0/trace_pipe_raw"]
            }
        }
    }

    package mutating func line(_ line: String) { lines.append(line) }

    package mutating func call(_ number: Int, _ arguments: UInt64..., quietly: Bool = false) {
        line("\(quietly ? "C" : "c") \(number) " + arguments.map { String($0) }.joined(separator: " "))
    }

    /// The lowest of the VMAs that fill the map, as the kernel tells it.
    package static let firstFiller = Snapshot.VMA(start: filler, end: filler + page, flags: 0)

    /// Fills the map up with VMAs elsewhere, which no step tells; every other one can be read.
    package mutating func fill(_ vmas: Int) {
        for index in 0..<UInt64(vmas) {
            call(9, Self.filler + index * Self.page, Self.page, index & 1, 0x32, .max, 0, quietly: true)
        }
        line("W \(Self.filler) \(Self.filler + UInt64(vmas) * Self.page)")
    }

    /// Writes to what can be written of the pages.
    package mutating func touch(_ page: Int, _ pages: Int) {
        line("w \(Self.address(page)) \(Self.address(page + pages))")
    }

    package mutating func read(_ page: Int, _ pages: Int) {
        line("r \(Self.address(page)) \(Self.address(page + pages))")
    }

    /// Maps private anonymous memory at a page, and writes it.
    package mutating func map(
        _ page: Int, _ pages: Int, _ rights: UInt64 = Rights.write, flags: UInt64 = 0, type: UInt64 = 2
    ) {
        let all = type | flags | Map.fixed | Map.anonymous
        call(9, Self.address(page), UInt64(pages) * Self.page, rights, all, .max, 0)
        if rights & 2 != 0 { touch(page, pages) }
    }

    package mutating func mapFile(
        _ page: Int, _ pages: Int, _ rights: UInt64 = Rights.read, type: UInt64 = 2, descriptor: UInt64,
        offset: Int
    ) {
        let offset = UInt64(offset) * Self.page
        call(9, Self.address(page), UInt64(pages) * Self.page, rights, type | Map.fixed, descriptor, offset)
        if rights & 2 != 0 { touch(page, pages) }
    }

    package mutating func unmap(_ page: Int, _ pages: Int) {
        call(11, Self.address(page), UInt64(pages) * Self.page)
    }

    package mutating func protect(_ page: Int, _ pages: Int, _ rights: UInt64) {
        call(10, Self.address(page), UInt64(pages) * Self.page, rights)
        if rights & 2 != 0 { touch(page, pages) }
    }

    package mutating func advise(_ page: Int, _ pages: Int, _ advice: UInt64) {
        call(28, Self.address(page), UInt64(pages) * Self.page, advice)
    }

    package mutating func lock(_ page: Int, _ pages: Int) {
        call(149, Self.address(page), UInt64(pages) * Self.page)
    }
    package mutating func unlock(_ page: Int, _ pages: Int) {
        call(150, Self.address(page), UInt64(pages) * Self.page)
    }

    /// mremap; with a target it is MREMAP_MAYMOVE | MREMAP_FIXED, and `keeping` adds MREMAP_DONTUNMAP.
    package mutating func remap(
        _ page: Int, _ pages: Int, to newPages: Int, at target: Int? = nil, keeping: Bool = false
    ) {
        let flags: UInt64 = target == nil ? 0 : keeping ? 7 : 3
        call(
            25, Self.address(page), UInt64(pages) * Self.page, UInt64(newPages) * Self.page, flags,
            Self.address(target ?? 0))
        touch(target ?? page, newPages)
    }

    package mutating func open(_ path: String, flags: UInt64) { line("o \(flags) \(path)") }
}
