/// The few facts of an ELF file that decide whether a library can be preloaded into it.
struct ELFProgram: Equatable {
    /// EI_CLASS: 1 is 32 bits, 2 is 64 bits.
    var elfClass: UInt8
    /// e_machine.
    var machine: UInt16
    /// The dynamic loader it asks for (PT_INTERP); nil if it asks for none.
    var loader: String?

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
        loader = Self.loader(table, entrySize: size, read: read)
    }

    /// The name that the PT_INTERP (3) entry of the program headers (Elf64_Phdr) points to.
    private static func loader(
        _ table: [UInt8], entrySize: Int, read: (_ offset: UInt64, _ size: Int) -> [UInt8]
    ) -> String? {
        let entries = stride(from: 0, to: table.count, by: entrySize)
        guard let entry = entries.first(where: { number(table, at: $0, size: 4) == 3 }) else { return nil }
        let size = min(number(table, at: entry + 32, size: 8), 4096)
        let name = read(number(table, at: entry + 8, size: 8), Int(size))
        return String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
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
