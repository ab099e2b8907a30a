package import TraceLog

extension AddressSpace {
    /// The name at the end of the VMA's maps line: its path, or a bracketed name, or nothing.
    package func name(of vma: VMA, _ definitions: Definitions) -> String { definitions[vma.file].path }

    /// The VMA's line of /proc/PID/maps, without the newline (Linux fs/proc/task_mmu.c, show_map_vma).
    package func mapsText(_ vma: VMA, _ definitions: Definitions) -> String { "" }
}
