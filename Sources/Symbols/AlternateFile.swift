internal import CElfutils

/// What `dwz` moved out of several debug files into a common one (`.gnu_debugaltlink`).
final class AlternateFile {
    private let file: ELFFile
    private let elf: OpaquePointer
    private let dwarf: OpaquePointer

    /// Finds the file that `main` refers to and makes `main` read from it; nil if there is none to be had.
    ///
    /// Must outlive `main`'s last use.
    init?(of main: OpaquePointer, in debugFilePath: String, search: FileSearch) {
        var name: UnsafePointer<CChar>?
        var buildID: UnsafeRawPointer?
        let count = dwelf_dwarf_gnu_debugaltlink(main, &name, &buildID)
        guard count > 0, let name, let buildID else { return nil }
        let wanted = Array(UnsafeRawBufferPointer(start: buildID, count: count))
        let path = String(cString: name)
        guard let file = search.alternateFile(named: path, buildID: wanted, origin: debugFilePath),
            let elf = elf_begin(file.descriptor, ELF_C_READ_MMAP_PRIVATE, nil)
        else { return nil }
        guard let dwarf = dwarf_begin_elf(elf, DWARF_C_READ, nil) else {
            elf_end(elf)
            return nil
        }
        self.file = file
        self.elf = elf
        self.dwarf = dwarf
        dwarf_setalt(main, dwarf)
    }

    deinit {
        dwarf_end(dwarf)
        elf_end(elf)
    }
}
