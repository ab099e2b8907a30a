internal import CElfutils
internal import Glibc

/// Answers libdwfl's question for a module's separate debug file.
///
/// elfutils' own answer asks the network as soon as DEBUGINFOD_URLS is set; this one only if it was allowed
/// to.
final class DebugFileSource {
    private let search: FileSearch
    private let modulePath: String
    /// In the form elfutils wants; owned.
    private let directories: UnsafeMutablePointer<CChar>?
    private let directoriesField: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    init(search: FileSearch, modulePath: String) {
        self.search = search
        self.modulePath = modulePath
        directories = strdup(":.debug:" + search.roots.joined(separator: ":"))
        directoriesField = .allocate(capacity: 1)
        directoriesField.initialize(to: directories)
    }

    deinit {
        directoriesField.deallocate()
        free(directories)
    }

    var callbacks: Dwfl_Callbacks {
        Dwfl_Callbacks(
            find_elf: nil, find_debuginfo: findDebugFile, section_address: nil,
            debuginfo_path: directoriesField)
    }

    /// The path and an open descriptor of the module's debug file.
    fileprivate func open(for module: OpaquePointer) -> (path: String, descriptor: CInt)? {
        var main: UnsafePointer<CChar>?
        dwfl_module_info(module, nil, nil, nil, nil, nil, &main, nil)
        guard let main, let file = try? ELFFile(path: String(cString: main)),
            let found = search.debugFile(of: file, loadedFrom: modulePath)
        else { return nil }
        return (found.path, found.duplicateDescriptor())
    }

    fileprivate var mayUseNetwork: Bool { search.options.usesDebuginfod }
}

private func findDebugFile(
    module: OpaquePointer?, userdata: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    moduleName: UnsafePointer<CChar>?, base: Dwarf_Addr, fileName: UnsafePointer<CChar>?,
    linkName: UnsafePointer<CChar>?, linkChecksum: GElf_Word,
    foundName: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
    errno = 0
    guard let module, let owner = userdata?.pointee else { return -1 }
    // A name without a checksum is a .gnu_debugaltlink, which `AlternateFile` follows.
    if linkName != nil && linkChecksum == 0 { return -1 }
    let source = Unmanaged<DebugFileSource>.fromOpaque(owner).takeUnretainedValue()
    if let found = source.open(for: module) {
        foundName?.pointee = strdup(found.path)
        return found.descriptor
    }
    errno = 0
    guard source.mayUseNetwork else { return -1 }
    return dwfl_standard_find_debuginfo(
        module, userdata, moduleName, base, fileName, linkName, linkChecksum, foundName)
}
