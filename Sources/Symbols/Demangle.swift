internal import CLiberty
internal import Glibc

/// The source-level spelling of a C++, Rust or Swift symbol; any other name is returned as it is.
///
/// C++ names come with parameters, as `addr2line -C` prints them; Rust names without their hash.
package func demangle(_ name: String) -> String {
    demangled(name) ?? name
}

/// The source-level spelling of a mangled name; nil if the name is not mangled.
func demangled(_ name: String) -> String? {
    if name.hasPrefix("_Z") || name.hasPrefix("_R") { return libibertyDemangled(name) }
    if swiftPrefixes.contains(where: name.hasPrefix) { return swiftDemangled(name) }
    return nil
}

/// Swift 5's prefixes, and Swift 4's (`_T0`), as the ABI document lists them.
private let swiftPrefixes = ["$s", "_$s", "$S", "_$S", "$e", "_$e", "_T0"]

private func libibertyDemangled(_ name: String) -> String? {
    taking(cplus_demangle(name, DMGL_AUTO | DMGL_PARAMS | DMGL_ANSI))
}

private func swiftDemangled(_ name: String) -> String? {
    taking(swift_demangle(name, name.utf8.count, nil, nil, 0))
}

/// Copies a string that C allocated, and frees it.
private func taking(_ text: UnsafeMutablePointer<CChar>?) -> String? {
    guard let text else { return nil }
    defer { free(text) }
    return String(cString: text)
}
