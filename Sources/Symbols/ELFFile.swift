internal import CElfutils
internal import Glibc

/// An open ELF program, library or separate debug file.
struct ELFFile: ~Copyable {
    let path: String
    private let file: OpenFile
    private let elf: OpaquePointer

    init(path: String) throws(ModuleProblem) {
        let file = try OpenFile(path: path)
        _ = elf_version(UInt32(EV_CURRENT))
        guard let elf = elf_begin(file.descriptor, ELF_C_READ_MMAP_PRIVATE, nil) else { throw lastProblem() }
        if let problem = problem(of: elf) {
            elf_end(elf)
            throw problem
        }
        self.path = path
        self.file = file
        self.elf = elf
    }

    deinit { elf_end(elf) }

    /// The NT_GNU_BUILD_ID note; empty if there is none.
    var buildID: [UInt8] {
        var start: UnsafeRawPointer?
        let count = dwelf_elf_gnu_build_id(elf, &start)
        guard count > 0, let start else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// Where the file's code lies once loaded: its executable segments, as addresses of the file.
    var executableRanges: [Range<UInt64>] {
        segments.filter { $0.p_type == PT_LOAD && $0.p_flags & UInt32(PF_X) != 0 }.compactMap {
            let (end, overflow) = $0.p_vaddr.addingReportingOverflow($0.p_memsz)
            return overflow ? nil : $0.p_vaddr..<end
        }
    }

    /// Open as long as this value lives.
    var descriptor: CInt { file.descriptor }

    /// A further descriptor of the same file, which the receiver closes; -1 if there are none left.
    func duplicateDescriptor() -> CInt { fcntl(file.descriptor, F_DUPFD_CLOEXEC, 0) }

    /// Whether both are one file on disk.
    func isSameFile(as other: borrowing ELFFile) -> Bool {
        file.device == other.file.device && file.inode == other.file.inode
    }

    /// The CRC-32 of the whole file, as a `.gnu_debuglink` section states it of the file it names.
    var checksum: UInt32? {
        content.map { crc32($0.bytes) }
    }

    /// The name and the checksum of the separate debug file that `.gnu_debuglink` names.
    var debugLink: (name: String, checksum: UInt32)? {
        var checksum: GElf_Word = 0
        guard let name = dwelf_elf_gnu_debuglink(elf, &checksum) else { return nil }
        return (String(cString: name), checksum)
    }

    /// The whole file; mapped, and as long as this value lives.
    var content: FileBytes? {
        var size = 0
        guard let start = elf_rawfile(elf, &size) else { return nil }
        return FileBytes(UnsafeRawBufferPointer(start: start, count: size))
    }

    var isLittleEndian64: Bool {
        var header = GElf_Ehdr()
        guard gelf_getehdr(elf, &header) != nil else { return false }
        return header.e_ident.4 == ELFCLASS64 && header.e_ident.5 == ELFDATA2LSB
    }

    var sections: [ELFSection] {
        var sections: [ELFSection] = []
        var section = elf_nextscn(elf, nil)
        while let current = section {
            if let section = ELFSection(current, of: elf) { sections.append(section) }
            section = elf_nextscn(elf, current)
        }
        return sections
    }

    var segments: [GElf_Phdr] {
        var count = 0
        guard elf_getphdrnum(elf, &count) == 0 else { return [] }
        // e_phnum has 16 bits; a damaged file claims billions through its first section.
        return (0..<CInt(min(count, 0xffff))).compactMap { index in
            var header = GElf_Phdr()
            return gelf_getphdr(elf, index, &header) == nil ? nil : header
        }
    }
}

/// Why libelf's handle is nothing that is loaded into a process.
private func problem(of elf: OpaquePointer) -> ModuleProblem? {
    guard elf_kind(elf) == ELF_K_ELF else { return .malformed("no ELF file") }
    var header = GElf_Ehdr()
    guard gelf_getehdr(elf, &header) != nil else { return lastProblem() }
    let isLoadable = header.e_type == ET_EXEC || header.e_type == ET_DYN
    return isLoadable ? nil : .malformed("neither a program nor a shared library")
}

private func lastProblem() -> ModuleProblem {
    .malformed(elf_errmsg(-1).map { String(cString: $0) } ?? "unknown error")
}
