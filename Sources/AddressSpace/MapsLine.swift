package import TraceLog

extension AddressSpace {
    /// The name at the end of the VMA's maps line: its path, or a bracketed name, or nothing
    /// (Linux fs/proc/task_mmu.c, get_vma_name).
    package func name(of vma: VMA, _ definitions: Definitions) -> String {
        if vma.file != .none { return definitions[vma.file].path }
        if vma.description != 0 { return vma.isShared ? "/dev/zero (deleted)" : "" }
        if vma.start < heap.current, vma.end > heap.start { return "[heap]" }
        return vma.start <= stackAddress && stackAddress < vma.end ? "[stack]" : ""
    }

    /// The VMA's line of /proc/PID/maps, without the newline (show_map_vma).
    package func mapsText(_ vma: VMA, _ definitions: Definitions) -> String {
        let facts = definitions[vma.file]
        var line = "\(hex(vma.start, 8))-\(hex(vma.end, 8)) \(Self.rightsText(vma))"
        line += " \(hex(vma.description == 0 ? 0 : vma.pgoff << pageShift, 8))"
        line += " \(hex(facts.device >> 32, 2)):\(hex(facts.device & 0xFFFF_FFFF, 2)) \(facts.inode) "
        let name = name(of: vma, definitions)
        if name.isEmpty { return line }
        return line + String(repeating: " ", count: max(0, 73 - line.utf8.count)) + name
    }

    /// `rwxp` or `rwxs` with dashes.
    package static func rightsText(_ vma: VMA) -> String {
        let rights = zip([VMAFlags.read, .write, .exec], "rwx").map {
            vma.flags.contains($0) ? String($1) : "-"
        }
        return rights.joined() + (vma.isShared ? "s" : "p")
    }

    private func hex(_ value: UInt64, _ width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
