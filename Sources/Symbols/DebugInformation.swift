internal import CElfutils

/// The debug information of a module: which functions lie at an address, and on which lines.
///
/// Reads the units' ranges itself: `.debug_aranges`, which libdw's own search relies on, is missing from what
/// clang, swiftc and rustc write.
final class DebugInformation {
    private let units: RangeTable<DebugUnit>
    private let names: FunctionNames
    /// Addresses of the debug file minus addresses of the module.
    private let bias: UInt64
    private let alternate: AlternateFile?

    init(
        dwarf: OpaquePointer, bias: UInt64, alternate: AlternateFile?, code: [Range<UInt64>],
        names: FunctionNames
    ) {
        // No code starts at 0, where the linker leaves the functions that it dropped.
        let isCode: (UInt64) -> Bool = { address in
            address != 0 && code.contains { $0.contains(address &- bias) }
        }
        units = RangeTable(unitEntries(of: dwarf, isCode: isCode))
        self.names = names
        self.bias = bias
        self.alternate = alternate
    }

    var isEmpty: Bool { units.isEmpty }

    /// Innermost first; empty if no function's range contains the address.
    func frames(at fileAddress: UInt64) -> [SymbolFrame] {
        let address = fileAddress &+ bias
        guard let unit = units.innermost(at: address)?.value else { return [] }
        guard let function = unit.functions.innermost(at: address)?.value else {
            return lineOnly(at: fileAddress, unit.location(of: address))
        }
        let chain = inlineChain(in: function, at: address)
        var location = unit.location(of: address)
        var frames: [SymbolFrame] = []
        for inlined in chain.reversed() {
            frames.append(frame(names.inlined(inlined), location, isInlined: true))
            location = unit.callLocation(of: inlined)
        }
        // The first range holds the function's beginning; what follows are parts moved elsewhere.
        let start = function.ranges.first.map { $0.lowerBound &- bias }
        let name = names.physical(function, at: start)
        return frames + [frame(name, location)]
    }

    /// Code that a unit claims but none of its functions: assembly, or the padding between functions.
    private func lineOnly(at fileAddress: UInt64, _ location: SourceLocation?) -> [SymbolFrame] {
        let name = names.symbol(at: fileAddress)
        return name == nil && location?.line == nil ? [] : [frame(name, location)]
    }
}

private func frame(_ name: String?, _ location: SourceLocation?, isInlined: Bool = false) -> SymbolFrame {
    SymbolFrame(function: name, file: location?.file, line: location?.line, isInlined: isInlined)
}

/// The functions compiled into `function` at an address, outermost first.
private func inlineChain(in function: DebugEntry, at address: UInt64) -> [DebugEntry] {
    var chain: [DebugEntry] = []
    var scope: DebugEntry? = function
    while let current = scope {
        scope = current.children.first { isScope($0.tag) && $0.contains(address) }
        if let scope, scope.tag == DW_TAG_inlined_subroutine { chain.append(scope) }
    }
    return chain
}

private func isScope(_ tag: Int) -> Bool {
    switch tag {
    case DW_TAG_inlined_subroutine, DW_TAG_lexical_block, DW_TAG_try_block, DW_TAG_catch_block,
        DW_TAG_with_stmt:
        true
    default: false
    }
}

private func unitEntries(
    of dwarf: OpaquePointer, isCode: @escaping (UInt64) -> Bool
) -> [RangeTable<DebugUnit>.Entry] {
    var result: [RangeTable<DebugUnit>.Entry] = []
    var cursor: OpaquePointer?
    var (die, split) = (Dwarf_Die(), Dwarf_Die())
    while dwarf_get_units(dwarf, cursor, &cursor, nil, nil, &die, &split) == 0 {
        let entry = DebugEntry(die)
        let unit = DebugUnit(unit: entry, root: split.addr == nil ? entry : DebugEntry(split), isCode: isCode)
        result += entry.ranges.filter { isCode($0.lowerBound) }.map { .init(range: $0, value: unit) }
    }
    return result
}
