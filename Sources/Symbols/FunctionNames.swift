internal import CElfutils
internal import Glibc

/// Chooses the name of a function among those that debug information and symbol table have for it.
final class FunctionNames {
    private let symbols: SymbolTable
    /// By entry: finding an entry's scopes means searching its whole unit.
    private var known: [UnsafeMutableRawPointer?: String?] = [:]

    init(symbols: SymbolTable) { self.symbols = symbols }

    /// The name of a function that was compiled into another one.
    func inlined(_ function: DebugEntry) -> String? {
        let key = (function.reference(DW_AT_abstract_origin) ?? function).identity
        if let name = known[key] { return name }
        let name =
            function.mangledName.flatMap(demangled) ?? function.origin.qualifiedName ?? function.linkageName
        known[key] = .some(name)
        return name
    }

    /// The name of a function that has code of its own, beginning at `address` of the file.
    ///
    /// Compilers give no linkage name to C functions and to those that no other unit sees.
    func physical(_ function: DebugEntry, at address: UInt64?) -> String? {
        let name = inlined(function)
        guard function.mangledName == nil, let address,
            let symbol = symbols.name(startingAt: address).map(withoutClone)
        else { return name }
        guard let plain = function.string(DW_AT_name) else { return demangle(symbol) }
        return isBetter(symbol, than: plain) ? demangle(symbol) : name
    }

    /// The name by the symbol table alone.
    func symbol(at address: UInt64) -> String? {
        symbols.name(at: address).map(demangle)
    }
}

/// Whether a symbol says more than the debug information's name for the same function: the whole name of a
/// C++ function, or the public name of an alias (`mmap` for `__mmap64`).
private func isBetter(_ symbol: String, than name: String) -> Bool {
    if let full = demangled(symbol) { return full.contains(name.prefix { $0 != "<" }) }
    return name.hasPrefix("_") && !symbol.hasPrefix("_")
}

/// Optimized copies (`.isra.0`) are the same function, and debug information calls them so.
private func withoutClone(_ symbol: String) -> String {
    String(symbol.prefix { $0 != "." })
}

extension DebugEntry {
    /// The entry that holds what this one only refers to: the declaration, where there is one.
    fileprivate var origin: DebugEntry {
        var entry = self
        // A damaged file may hold a circle.
        for _ in 0..<16 {
            guard let next = entry.reference(DW_AT_abstract_origin) ?? entry.reference(DW_AT_specification)
            else { break }
            entry = next
        }
        return entry
    }

    /// A linkage name that tells more than the plain one; not the assembler names that C gives
    /// (`__GI___mmap64`).
    fileprivate var mangledName: String? {
        linkageName.flatMap { demangled($0) == nil ? nil : $0 }
    }

    fileprivate var linkageName: String? {
        string(DW_AT_linkage_name) ?? string(DW_AT_MIPS_linkage_name)
    }

    /// The name behind those of the namespaces and types around it.
    fileprivate var qualifiedName: String? {
        guard let name = string(DW_AT_name) else { return nil }
        var parts = [name]
        for scope in scopes.dropFirst() {
            switch scope.tag {
            case DW_TAG_namespace: parts.append(scope.string(DW_AT_name) ?? "(anonymous namespace)")
            case DW_TAG_class_type, DW_TAG_structure_type, DW_TAG_union_type:
                parts.append(scope.string(DW_AT_name) ?? (name == "operator()" ? "{lambda}" : "(unnamed)"))
            case DW_TAG_subprogram where parts.count > 1:
                parts.append(scope.origin.string(DW_AT_name) ?? "(unnamed)")
            default: break
            }
        }
        return parts.reversed().joined(separator: "::")
    }

    /// The entry and those around it, outwards.
    private var scopes: [DebugEntry] {
        var die = die
        var list: UnsafeMutablePointer<Dwarf_Die>?
        let count = dwarf_getscopes_die(&die, &list)
        guard count > 0, let list else { return [self] }
        defer { free(list) }
        return UnsafeBufferPointer(start: list, count: Int(count)).map(DebugEntry.init)
    }
}
