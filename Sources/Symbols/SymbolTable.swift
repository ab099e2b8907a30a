internal import CElfutils

/// The function symbols of a module: of `.symtab`, else of `.dynsym` and `.gnu_debugdata`.
///
/// A symbol names the addresses from its value up to its size and no others: in a stripped library the
/// nearest symbol before an address is usually that of another function.
struct SymbolTable {
    /// Points into the string table, which libdwfl keeps mapped.
    fileprivate struct Symbol {
        var name: UnsafePointer<CChar>
        var isLocal: Bool
    }

    private let sized: RangeTable<Symbol>
    private let unsized: RangeTable<Symbol>

    /// Reads the table; the session must outlive it.
    init(module: OpaquePointer) {
        var reader = SymbolReader(module: module)
        reader.readAll()
        sized = RangeTable(reader.sized)
        unsized = RangeTable(reader.boundedUnsized)
    }

    var isEmpty: Bool { sized.isEmpty && unsized.isEmpty }

    /// The name of the function whose code contains the address, not demangled.
    func name(at address: UInt64) -> String? {
        best(in: sized, at: address) ?? best(in: unsized, at: address)
    }

    /// The name of the function whose code begins at the address, not demangled.
    func name(startingAt address: UInt64) -> String? {
        preferredName(among: sized.starting(at: address))
            ?? preferredName(among: unsized.starting(at: address))
    }

    private func best(in table: RangeTable<Symbol>, at address: UInt64) -> String? {
        guard let entry = table.innermost(at: address) else { return nil }
        let aliases = table.starting(at: entry.range.lowerBound)
        return preferredName(among: aliases.filter { $0.range.contains(address) })
    }
}

/// Of a function's aliases the one its callers write: global, without leading underscore, short (`mmap`, not
/// `mmap64` or `__mmap`).
private func preferredName(among aliases: some Sequence<RangeTable<SymbolTable.Symbol>.Entry>) -> String? {
    let ranked = aliases.map { (rank: AliasRank($0.value), symbol: $0.value) }
    return ranked.min { $0.rank < $1.rank }?.rank.name
}

private struct AliasRank: Comparable {
    let name: String
    let isLocal: Bool

    init(_ symbol: SymbolTable.Symbol) {
        // "pthread_create@@GLIBC_2.34": .symtab spells out the version.
        name = String(String(cString: symbol.name).prefix { $0 != "@" })
        isLocal = symbol.isLocal
    }

    /// A mangled name's underscore says nothing.
    private var isReserved: Bool { name.hasPrefix("_") && demangled(name) == nil }

    static func < (a: AliasRank, b: AliasRank) -> Bool {
        if a.isLocal != b.isLocal { return b.isLocal }
        if a.isReserved != b.isReserved { return b.isReserved }
        let (x, y) = (a.name.utf8.count, b.name.utf8.count)
        return x != y ? x < y : a.name < b.name
    }
}

/// Collects the symbols that lie in code.
private struct SymbolReader {
    private let module: OpaquePointer
    private var sections: [OpaquePointer: SymbolSections] = [:]
    private(set) var sized: [RangeTable<SymbolTable.Symbol>.Entry] = []
    private var unsized: [(address: UInt64, sectionEnd: UInt64, symbol: SymbolTable.Symbol)] = []
    private var hasLocalFunctions = false

    init(module: OpaquePointer) { self.module = module }

    mutating func readAll() {
        let count = dwfl_module_getsymtab(module)
        // The first entry of a symbol table is none.
        for index in stride(from: 1, to: max(count, 1), by: 1) { read(index) }
    }

    /// Symbols without size: functions written in assembly that nobody gave one, and labels.
    ///
    /// Each reaches to the next symbol or to the end of its section. This holds only where every function has
    /// its symbol; a table without a single local function (`strip -x`, `.dynsym`) has lost the functions
    /// between.
    var boundedUnsized: [RangeTable<SymbolTable.Symbol>.Entry] {
        guard hasLocalFunctions, !unsized.isEmpty else { return [] }
        let starts = (sized.map(\.range.lowerBound) + unsized.map(\.address)).sorted()
        return unsized.compactMap { address, sectionEnd, symbol in
            let next = starts[(partition(starts) { $0 > address })...].first ?? sectionEnd
            let end = min(next, sectionEnd)
            return address < end ? .init(range: address..<end, value: symbol) : nil
        }
    }

    private mutating func read(_ index: CInt) {
        var (entry, address, section, bias) = (GElf_Sym(), GElf_Addr(), GElf_Word(), Dwarf_Addr())
        var elf: OpaquePointer?
        let found = dwfl_module_getsym_info(module, index, &entry, &address, &section, &elf, &bias)
        guard let name = found, name.pointee != 0, let elf, isFunction(entry.st_info, name) else { return }
        guard let codeEnd = codeEnd(section, of: elf) else { return }
        let isLocal = entry.st_info >> 4 == STB_LOCAL
        let symbol = SymbolTable.Symbol(name: name, isLocal: isLocal)
        let (end, overflow) = address.addingReportingOverflow(entry.st_size)
        if entry.st_size == 0 {
            unsized.append((address, codeEnd &+ bias, symbol))
        } else if !overflow {
            sized.append(.init(range: address..<end, value: symbol))
            hasLocalFunctions = hasLocalFunctions || isLocal
        }
    }

    private mutating func codeEnd(_ section: GElf_Word, of elf: OpaquePointer) -> UInt64? {
        if sections[elf] == nil { sections[elf] = SymbolSections(of: elf) }
        return sections[elf]?.codeEnd[section]
    }
}

/// Where the sections of a file that hold code end, by number.
private struct SymbolSections {
    private(set) var codeEnd: [GElf_Word: UInt64] = [:]

    init(of elf: OpaquePointer) {
        var section = elf_nextscn(elf, nil)
        while let current = section {
            var header = GElf_Shdr()
            if gelf_getshdr(current, &header) != nil, header.sh_flags & UInt64(SHF_EXECINSTR) != 0 {
                codeEnd[GElf_Word(elf_ndxscn(current))] = header.sh_addr &+ header.sh_size
            }
            section = elf_nextscn(elf, current)
        }
    }
}

/// Assembly often leaves the type out; `$x` and `$d` mark code and data on Arm and name nothing.
private func isFunction(_ info: UInt8, _ name: UnsafePointer<CChar>) -> Bool {
    switch CInt(info & 15) {
    case STT_FUNC, STT_GNU_IFUNC: true
    case STT_NOTYPE: !isMappingSymbol(name)
    default: false
    }
}

private func isMappingSymbol(_ name: UnsafePointer<CChar>) -> Bool {
    guard name[0] == UInt8(ascii: "$"), name[1] != 0 else { return false }
    return name[2] == 0 || name[2] == UInt8(ascii: ".")
}

/// The first index of a sorted array that fulfils the condition.
private func partition(_ sorted: [UInt64], where holds: (UInt64) -> Bool) -> Int {
    var (low, high) = (0, sorted.count)
    while low < high {
        let middle = (low + high) / 2
        if holds(sorted[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
}
