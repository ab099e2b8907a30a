/// Why the addresses of a module stay without names.
package enum ModuleProblem: Error, Hashable {
    /// The module is no file: `[vdso]`, a deleted file, an empty path.
    case notAFile
    /// The file is gone, and no separate debug file has its build-id.
    case missing
    /// The file cannot be opened; the text says why.
    case unreadable(String)
    /// The file is not the one that was loaded: names from it would be wrong, so there are none.
    case differentBuild(recorded: [UInt8], found: [UInt8])
    /// The file is no ELF program or library, or a damaged one; the text says what is wrong.
    case malformed(String)
    /// The file carries neither debug information nor a symbol table nor Go's table of functions.
    case noSymbols
}

extension ModuleProblem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notAFile: "not a file"
        case .missing: "the file is missing"
        case .unreadable(let reason): "the file cannot be read: \(reason)"
        case .differentBuild(let recorded, let found):
            "the file is another build (\(name(found))) than the one recorded (\(name(recorded)))"
        case .malformed(let reason): "not a sound ELF file: \(reason)"
        case .noSymbols: "the file has no symbols"
        }
    }
}

private func name(_ buildID: [UInt8]) -> String {
    buildID.isEmpty ? "no build-id" : "build-id \(hex(buildID))"
}
