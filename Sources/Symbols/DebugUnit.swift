internal import CElfutils

/// A compilation unit: its functions and its lines.
final class DebugUnit {
    /// Holds the line table.
    private let unit: DebugEntry
    /// Holds the functions; another entry than `unit` where they lie in a `.dwo` file.
    private let root: DebugEntry
    private let isCode: (UInt64) -> Bool

    init(unit: DebugEntry, root: DebugEntry, isCode: @escaping (UInt64) -> Bool) {
        self.unit = unit
        self.root = root
        self.isCode = isCode
    }

    /// The physical functions, found in one walk when the unit is first needed.
    private(set) lazy var functions = RangeTable(functionEntries())

    private lazy var directory = unit.string(DW_AT_comp_dir)

    /// The file and line of an instruction; the line is nil where the compiler gave none.
    func location(of address: UInt64) -> SourceLocation? {
        var die = unit.die
        guard let entry = dwarf_getsrc_die(&die, address) else { return nil }
        var line: CInt = 0
        dwarf_lineno(entry, &line)
        return SourceLocation(file: path(dwarf_linesrc(entry, nil, nil)), line: Int(line))
    }

    /// Where an inlined function was called.
    func callLocation(of inlined: DebugEntry) -> SourceLocation {
        SourceLocation(
            file: inlined.number(DW_AT_call_file).flatMap(fileName),
            line: inlined.number(DW_AT_call_line) ?? 0)
    }

    private func fileName(_ index: Int) -> String? {
        var (die, count) = (root.die, 0)
        var files: OpaquePointer?
        guard dwarf_getsrcfiles(&die, &files, &count) == 0, index < count else { return nil }
        return path(dwarf_filesrc(files, index, nil, nil))
    }

    /// rustc names files relative to the unit's folder.
    private func path(_ name: UnsafePointer<CChar>?) -> String? {
        guard let path = name.map({ String(cString: $0) }), !path.hasPrefix("/"), let directory else {
            return name.map { String(cString: $0) }
        }
        return directory + "/" + path
    }

    private func functionEntries() -> [RangeTable<DebugEntry>.Entry] {
        var result: [RangeTable<DebugEntry>.Entry] = []
        var open = root.firstChild.map { [$0] } ?? []
        while let entry = open.popLast() {
            if let sibling = entry.nextSibling { open.append(sibling) }
            let tag = entry.tag
            if tag == DW_TAG_subprogram { result += codeRanges(of: entry) }
            if mayHoldFunctions(tag), let child = entry.firstChild { open.append(child) }
        }
        return result
    }

    /// Functions that the linker dropped keep an entry, at address 0 or at another that holds no code.
    private func codeRanges(of function: DebugEntry) -> [RangeTable<DebugEntry>.Entry] {
        function.ranges.filter { isCode($0.lowerBound) }.map { .init(range: $0, value: function) }
    }
}

/// A place in the source.
struct SourceLocation {
    var file: String?
    /// nil where DWARF says 0: code without a line of its own.
    var line: Int?

    init(file: String?, line: Int) {
        self.file = file
        self.line = line > 0 ? line : nil
    }
}

/// Spares the walk what is large and cannot contain a function's own code.
private func mayHoldFunctions(_ tag: Int) -> Bool {
    switch tag {
    case DW_TAG_inlined_subroutine, DW_TAG_enumeration_type, DW_TAG_subroutine_type, DW_TAG_array_type,
        DW_TAG_call_site, DW_TAG_GNU_call_site:
        false
    default: true
    }
}
