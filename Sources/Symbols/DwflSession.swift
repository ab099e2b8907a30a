internal import CElfutils
internal import Glibc

/// One module opened in libdwfl, at bias 0: its addresses are the file's own.
struct DwflSession: ~Copyable {
    private let dwfl: OpaquePointer
    private let callbacks: UnsafeMutablePointer<Dwfl_Callbacks>
    private let debugFiles: DebugFileSource
    let module: OpaquePointer

    init(file: borrowing ELFFile, debugFiles: DebugFileSource) throws(ModuleProblem) {
        let callbacks = UnsafeMutablePointer<Dwfl_Callbacks>.allocate(capacity: 1)
        callbacks.initialize(to: debugFiles.callbacks)
        guard let dwfl = dwfl_begin(callbacks) else {
            callbacks.deallocate()
            throw lastProblem()
        }
        guard let module = report(file, to: dwfl) else {
            let problem = lastProblem()
            dwfl_end(dwfl)
            callbacks.deallocate()
            throw problem
        }
        self.dwfl = dwfl
        self.callbacks = callbacks
        self.debugFiles = debugFiles
        self.module = module
        hand(debugFiles, to: module)
    }

    deinit {
        dwfl_end(dwfl)
        callbacks.deallocate()
    }

    /// The module's debug information, from its own file or a separate one, and its addresses minus the
    /// file's.
    ///
    /// Lives as long as the session.
    func debugInformation() -> (dwarf: OpaquePointer, bias: UInt64)? {
        var bias: Dwarf_Addr = 0
        return dwfl_module_getdwarf(module, &bias).map { ($0, bias) }
    }

    /// The file that the debug information was read from.
    var debugFilePath: String? {
        var main: UnsafePointer<CChar>?
        var debug: UnsafePointer<CChar>?
        dwfl_module_info(module, nil, nil, nil, nil, nil, &main, &debug)
        return (debug ?? main).map { String(cString: $0) }
    }
}

/// libdwfl takes over the descriptor if it takes the file.
private func report(_ file: borrowing ELFFile, to dwfl: OpaquePointer) -> OpaquePointer? {
    let descriptor = file.duplicateDescriptor()
    guard descriptor >= 0 else { return nil }
    dwfl_report_begin(dwfl)
    let module = dwfl_report_elf(dwfl, file.path, file.path, descriptor, 0, true)
    dwfl_report_end(dwfl, nil, nil)
    if module == nil { close(descriptor) }
    return module
}

private func hand(_ debugFiles: DebugFileSource, to module: OpaquePointer) {
    var slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    dwfl_module_info(module, &slot, nil, nil, nil, nil, nil, nil)
    slot?.pointee = Unmanaged.passUnretained(debugFiles).toOpaque()
}

private func lastProblem() -> ModuleProblem {
    .malformed(dwfl_errmsg(-1).map { String(cString: $0) } ?? "unknown error")
}
