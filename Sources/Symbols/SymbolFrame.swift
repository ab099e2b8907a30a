/// One function at an address, in the words of the debug information, of the symbol table or of Go's table.
package struct SymbolFrame: Sendable, Hashable {
    /// The function's demangled name; nil where nothing is known for sure.
    package var function: String?
    /// The source file as the debug information spells it: usually the absolute path at build time.
    package var file: String?
    /// The source line, counted from 1; nil where the compiler gave none (line 0 in DWARF).
    package var line: Int?
    /// Whether the function was compiled into the next frame's function.
    package var isInlined: Bool

    package init(function: String?, file: String? = nil, line: Int? = nil, isInlined: Bool = false) {
        self.function = function
        self.file = file
        self.line = line
        self.isInlined = isInlined
    }

    /// The last component of `file`.
    package var fileName: String? {
        file.map { String($0[($0.lastIndex(of: "/").map($0.index(after:)) ?? $0.startIndex)...]) }
    }
}
