import AddressSpace
import Foundation
import TraceLog

/// Lines of /proc/PID/maps in a form in which a replay and the kernel can be compared.
enum MapsLines {
    /// Range, rights, offset, device and inode; [vsyscall] is no VMA, and of [stack], which page faults grow, only
    /// the end counts.
    static func comparable(_ line: Substring) -> String? {
        let fields = line.split(separator: " ", omittingEmptySubsequences: true)
        if line.hasSuffix("[vsyscall]") || fields.count < 5 { return nil }
        if line.hasSuffix("[stack]") { return "stack " + (fields[0].split(separator: "-").last ?? "") }
        return fields.prefix(5).joined(separator: " ")
    }

    /// The whole text of a file in /proc, which gives a page at a time and never says how long it is.
    static func procText(_ path: String) throws -> String {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { throw Unexpected("\(path) cannot be opened") }
        defer { close(file) }
        var bytes: [UInt8] = []
        var page = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let got = read(file, &page, page.count)
            guard got > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += page[..<got]
        }
    }

    static func of(_ space: borrowing AddressSpace, _ definitions: Definitions) -> [String] {
        var lines: [String] = []
        space.forEach { vma in
            if let line = comparable(Substring(space.mapsText(vma, definitions))) { lines.append(line) }
            return true
        }
        return lines
    }
}

/// The environment of a program that is recorded by the library alone.
func preloadEnvironment(_ folder: String) throws -> [String: String] {
    let library = URL(fileURLWithPath: try mapfrayPath()).deletingLastPathComponent()
        .appendingPathComponent("libmapfray-preload.so").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return ProcessInfo.processInfo.environment.merging(["LD_PRELOAD": library, "MAPFRAY_OUTPUT": folder]) {
        $1
    }
}
