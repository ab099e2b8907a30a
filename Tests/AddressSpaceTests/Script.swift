import AddressSpace

/// A script for the map player (tools/workloads/map-player.c), in pages of an area where nothing else lies.
struct Script {
    static let area: UInt64 = 0x1000_0000_0000
    static let page: UInt64 = 4096
    private(set) var text = ""

    static func address(_ page: Int) -> UInt64 { area + UInt64(page) * Self.page }

    /// Rights, as mmap and mprotect take them.
    enum Rights {
        static let none: UInt64 = 0
        static let read: UInt64 = 1
        static let write: UInt64 = 3
        static let exec: UInt64 = 5
        static let all: UInt64 = 7
    }

    /// MAP_* flags.
    enum Map {
        static let shared: UInt64 = 1
        static let `private`: UInt64 = 2
        static let fixed: UInt64 = 0x10
        static let anonymous: UInt64 = 0x20
        static let growsDown: UInt64 = 0x100
        static let locked: UInt64 = 0x2000
        static let noReserve: UInt64 = 0x4000
        static let populate: UInt64 = 0x8000
        static let stack: UInt64 = 0x20000
        static let hugeTLB: UInt64 = 0x40000
        static let noReplace: UInt64 = 0x100000
    }

    mutating func line(_ line: String) { text += line + "\n" }

    mutating func call(_ number: Int, _ arguments: UInt64..., quietly: Bool = false) {
        line("\(quietly ? "C" : "c") \(number) " + arguments.map { String($0) }.joined(separator: " "))
    }

    /// Writes to what can be written of the pages.
    mutating func touch(_ page: Int, _ pages: Int) {
        line("w \(Self.address(page)) \(Self.address(page + pages))")
    }

    mutating func read(_ page: Int, _ pages: Int) {
        line("r \(Self.address(page)) \(Self.address(page + pages))")
    }

    /// Maps private anonymous memory at a page, and writes it.
    mutating func map(
        _ page: Int, _ pages: Int, _ rights: UInt64 = Rights.write, flags: UInt64 = 0, type: UInt64 = 2
    ) {
        let all = type | flags | Map.fixed | Map.anonymous
        call(9, Self.address(page), UInt64(pages) * Self.page, rights, all, .max, 0)
        if rights & 2 != 0 { touch(page, pages) }
    }

    mutating func mapFile(
        _ page: Int, _ pages: Int, _ rights: UInt64 = Rights.read, type: UInt64 = 2, descriptor: UInt64,
        offset: Int
    ) {
        let offset = UInt64(offset) * Self.page
        call(9, Self.address(page), UInt64(pages) * Self.page, rights, type | Map.fixed, descriptor, offset)
        if rights & 2 != 0 { touch(page, pages) }
    }

    mutating func unmap(_ page: Int, _ pages: Int) { call(11, Self.address(page), UInt64(pages) * Self.page) }

    mutating func protect(_ page: Int, _ pages: Int, _ rights: UInt64) {
        call(10, Self.address(page), UInt64(pages) * Self.page, rights)
        if rights & 2 != 0 { touch(page, pages) }
    }

    mutating func advise(_ page: Int, _ pages: Int, _ advice: UInt64) {
        call(28, Self.address(page), UInt64(pages) * Self.page, advice)
    }

    mutating func lock(_ page: Int, _ pages: Int) { call(149, Self.address(page), UInt64(pages) * Self.page) }
    mutating func unlock(_ page: Int, _ pages: Int) {
        call(150, Self.address(page), UInt64(pages) * Self.page)
    }

    /// mremap; with a target it is MREMAP_MAYMOVE | MREMAP_FIXED, and `keeping` adds MREMAP_DONTUNMAP.
    mutating func remap(
        _ page: Int, _ pages: Int, to newPages: Int, at target: Int? = nil, keeping: Bool = false
    ) {
        let flags: UInt64 = target == nil ? 0 : keeping ? 7 : 3
        call(
            25, Self.address(page), UInt64(pages) * Self.page, UInt64(newPages) * Self.page, flags,
            Self.address(target ?? 0))
        touch(target ?? page, newPages)
    }

    mutating func open(_ path: String, flags: UInt64) { line("o \(flags) \(path)") }
}
