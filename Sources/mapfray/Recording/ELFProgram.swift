/// The few facts of an ELF file that decide whether a library can be preloaded into it.
struct ELFProgram: Equatable {
    /// EI_CLASS: 1 is 32 bits, 2 is 64 bits.
    var elfClass: UInt8
    /// e_machine.
    var machine: UInt16
    /// The dynamic loader it asks for (PT_INTERP); nil if it asks for none.
    var loader: String?
    /// Whether Go's linker made it: it has a note in that name.
    var isGo = false

    /// Reads the headers through `read(offset, size)`, which gives fewer bytes at the end of the file.
    ///
    /// Nil if it is no ELF file, or one whose headers are cut off.
    init?(read: (_ offset: UInt64, _ size: Int) -> [UInt8]) {
        let header = read(0, 64)
        guard header.starts(with: [0x7F, 0x45, 0x4C, 0x46]), header.count == 64 else { return nil }
        elfClass = header[4]
        machine = UInt16(Self.number(header, at: 18, size: 2))
        guard elfClass == 2 else { return }
        // Elf64_Ehdr: e_phoff, e_phentsize, e_phnum.
        let size = Int(Self.number(header, at: 54, size: 2))
        let tableSize = size * Int(Self.number(header, at: 56, size: 2))
        let table = read(Self.number(header, at: 32, size: 8), tableSize)
        guard size >= 56, table.count == tableSize else { return nil }
        let (interpreter, note) = (3, 4)  // PT_INTERP, PT_NOTE
        loader = Self.segments(interpreter, table, entrySize: size, read: read).first.map {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        isGo = Self.segments(note, table, entrySize: size, read: read).contains(where: Self.holdsGoNote)
    }

    /// The first bytes of what the entries of a kind in the program headers (Elf64_Phdr) point to.
    private static func segments(
        _ kind: Int, _ table: [UInt8], entrySize: Int, read: (_ offset: UInt64, _ size: Int) -> [UInt8]
    ) -> [[UInt8]] {
        stride(from: 0, to: table.count, by: entrySize).filter { number(table, at: $0, size: 4) == kind }.map
        {
            let size = min(number(table, at: $0 + 32, size: 8), 4096)
            return read(number(table, at: $0 + 8, size: 8), Int(size))
        }
    }

    /// Elf64_Nhdr: the sizes of name and content, a kind; then both, each filled up to four bytes.
    private static func holdsGoNote(_ notes: [UInt8]) -> Bool {
        var at = 0
        while at + 16 <= notes.count {
            if notes[(at + 12)..<(at + 16)].elementsEqual([0x47, 0x6F, 0, 0]) { return true }
            let sizes = [0, 4].map { Int(number(notes, at: at + $0, size: 4) + 3) & ~3 }
            at += 12 + sizes[0] + sizes[1]
        }
        return false
    }

    private static func number(_ bytes: [UInt8], at offset: Int, size: Int) -> UInt64 {
        bytes[offset..<offset + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// What people call the machine.
    var machineName: String {
        let names: [UInt16: String] = [
            3: "i386", 8: "MIPS", 21: "PowerPC", 22: "s390", 40: "ARM", 62: "x86-64", 183: "AArch64",
            243: "RISC-V",
        ]
        let name = names[machine] ?? "machine \(machine)"
        return machine == 62 && elfClass == 1 ? "x32" : name
    }
}
