import ArgumentParser
import Symbols

/// Where function names come from.
struct SymbolArguments: ParsableArguments {
    @Flag(help: "Fetch missing debug information from the servers in DEBUGINFOD_URLS.")
    var debuginfod = false

    @Option(
        help: ArgumentHelp("Look for programs and libraries under this folder first.", valueName: "dir"),
        completion: .directory)
    var sysroot: String?

    var options: SymbolizerOptions {
        var options = SymbolizerOptions()
        options.usesDebuginfod = debuginfod
        options.sysroot = sysroot
        return options
    }
}
