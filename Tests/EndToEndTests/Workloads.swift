import Foundation

extension Scratch {
    /// Compiles one of tools/workloads and gives its path.
    func compileWorkload(_ name: String, _ flags: [String] = []) throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let source = root.appendingPathComponent("tools/workloads/\(name).c").path
        let result = try run("/usr/bin/cc", ["-g", "-O1", "-o", file(name), source] + flags)
        guard result.status == 0 else { throw Unexpected(result.errors) }
        return file(name)
    }
}
