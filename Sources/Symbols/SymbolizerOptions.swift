/// Where a `Symbolizer` looks for files.
package struct SymbolizerOptions: Sendable, Hashable {
    /// Roots of separate debug files: `ROOT/.build-id/xx/yyyy.debug` and `ROOT/path/of/module/name.debug`.
    package var debugDirectories: [String] = ["/usr/lib/debug"]
    /// A copy of the traced machine's file system: every path is looked up under it first.
    package var sysroot: String?
    /// Whether missing debug files may be fetched from the servers that DEBUGINFOD_URLS names.
    ///
    /// Where this is false no network is used, whatever the environment says.
    package var usesDebuginfod = false

    package init() {}
}
