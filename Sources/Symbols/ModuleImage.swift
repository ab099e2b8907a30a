internal import CElfutils

/// A module's memory as the loader makes it, before any of its code has run.
///
/// Points into the file's mapping, which must outlive it.
struct ModuleImage {
    let file: FileBytes
    let sections: [ELFSection]
    private let segments: [Segment]
    private let relocations: [FileBytes]

    private struct Segment {
        let address: UInt64
        let content: FileBytes
        let isWritable: Bool
        let isExecutable: Bool

        func offset(of address: UInt64) -> Int? {
            address >= self.address && address - self.address < UInt64(content.count)
                ? Int(address - self.address) : nil
        }
    }

    /// nil for other files than those of 64-bit little-endian machines.
    init?(of elf: borrowing ELFFile) {
        guard elf.isLittleEndian64, let file = elf.content else { return nil }
        self.file = file
        let sections = elf.sections
        self.sections = sections
        segments = elf.segments.filter { $0.p_type == PT_LOAD }.compactMap { header in
            guard let content = file.suffix(from: header.p_offset) else { return nil }
            let count = Int(clamping: min(header.p_filesz, UInt64(content.count)))
            return content[0..<count].map {
                Segment(
                    address: header.p_vaddr, content: $0,
                    isWritable: header.p_flags & UInt32(PF_W) != 0,
                    isExecutable: header.p_flags & UInt32(PF_X) != 0)
            }
        }
        relocations = sections.filter(\.holdsRelocations).compactMap { $0.fileRange.flatMap { file[$0] } }
    }

    /// What lies from an address to the end of its segment.
    func bytes(at address: UInt64) -> FileBytes? {
        segments.lazy.compactMap { segment in
            segment.offset(of: address).flatMap { segment.content.suffix(from: $0) }
        }.first
    }

    func isCode(_ address: UInt64) -> Bool {
        segments.contains { $0.isExecutable && $0.offset(of: address) != nil }
    }

    /// Consecutive words of 64 bits, as the loader relocates them.
    func words(_ count: Int, at address: UInt64) -> [UInt64]? {
        guard let bytes = bytes(at: address), bytes.count >= count * 8 else { return nil }
        var words = (0..<count).compactMap { bytes.integer(at: $0 * 8, as: UInt64.self) }
        forEachRelocation { place, value in
            let distance = place &- address
            if distance < UInt64(count) * 8, distance % 8 == 0 { words[Int(distance / 8)] = value }
        }
        return words
    }

    /// Where in memory that can be written a pointer to `target` lies.
    func pointers(to target: UInt64) -> [UInt64] {
        var places: [UInt64] = []
        forEachRelocation { place, value in if value == target { places.append(place) } }
        if !places.isEmpty { return places }
        for segment in segments where segment.isWritable {
            let first = (8 - Int(segment.address & 7)) & 7
            for offset in stride(from: first, to: segment.content.count, by: 8)
            where segment.content.integer(at: offset, as: UInt64.self) == target {
                places.append(segment.address &+ UInt64(offset))
            }
        }
        return places
    }

    /// Those relocations that only add where the module was loaded.
    private func forEachRelocation(_ body: (_ place: UInt64, _ value: UInt64) -> Void) {
        for table in relocations {
            for entry in stride(from: 0, to: table.count, by: 24) {
                guard let place = table.integer(at: entry, as: UInt64.self),
                    let info = table.integer(at: entry + 8, as: UInt64.self), info >> 32 == 0,
                    let value = table.integer(at: entry + 16, as: UInt64.self)
                else { continue }
                body(place, value)
            }
        }
    }
}
