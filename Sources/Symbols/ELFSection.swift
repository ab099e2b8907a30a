internal import CElfutils

/// A section of an ELF file, by its header.
struct ELFSection {
    let name: String
    let address: UInt64
    let size: UInt64
    private let offset: UInt64
    private let type: UInt32
    private let flags: UInt64

    init?(_ section: OpaquePointer, of elf: OpaquePointer) {
        var (header, names) = (GElf_Shdr(), 0)
        guard gelf_getshdr(section, &header) != nil, elf_getshdrstrndx(elf, &names) == 0,
            let name = elf_strptr(elf, names, Int(header.sh_name))
        else { return nil }
        self.name = String(cString: name)
        (address, size, offset) = (header.sh_addr, header.sh_size, header.sh_offset)
        (type, flags) = (header.sh_type, header.sh_flags)
    }

    /// Where the section lies in its file; nil if it is not loaded into memory or not as it is.
    var fileRange: Range<Int>? {
        guard type != SHT_NOBITS, flags & UInt64(SHF_ALLOC) != 0, flags & UInt64(SHF_COMPRESSED) == 0,
            let start = Int(exactly: offset), let count = Int(exactly: size), start <= Int.max - count
        else { return nil }
        return start..<start + count
    }

    var holdsRelocations: Bool { type == SHT_RELA }
}
