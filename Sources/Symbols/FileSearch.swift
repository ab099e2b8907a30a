internal import Glibc

/// Finds a module's file and its separate debug file; takes none whose build-id differs.
struct FileSearch {
    let options: SymbolizerOptions

    /// The module's file, else a separate debug file with its build-id.
    ///
    /// Throws what was wrong with the file at the module's own path.
    func module(path: String, buildID: [UInt8]) throws(ModuleProblem) -> ELFFile {
        let isDeleted = path.hasSuffix(deletedMark)
        if path.isEmpty || path.hasPrefix("[") || isDeleted && buildID.isEmpty { throw .notAFile }
        let path = isDeleted ? String(path.dropLast(deletedMark.count)) : path
        let problem: ModuleProblem
        do { return try firstBuild(buildID, among: candidates(path, buildID)) } catch { problem = error }
        do { return try firstBuild(buildID, among: separateFiles(of: buildID)) } catch { throw problem }
    }

    /// The separate debug file of a module that was loaded from `path` and lies in `file`.
    ///
    /// By build-id, then by `.gnu_debuglink`; a module without build-id needs the link's checksum to match.
    func debugFile(of file: borrowing ELFFile, loadedFrom path: String) -> ELFFile? {
        let buildID = file.buildID
        for candidate in separateFiles(of: buildID) + linkedFiles(of: file, loadedFrom: path) {
            guard let found = try? ELFFile(path: candidate), !found.isSameFile(as: file) else { continue }
            if buildID.isEmpty ? found.checksum == file.debugLink?.checksum : found.buildID == buildID {
                return found
            }
        }
        return nil
    }

    /// The file that debug information names as its `.gnu_debugaltlink`, relative to the file `origin`.
    func alternateFile(named name: String, buildID: [UInt8], origin: String) -> ELFFile? {
        let path = name.hasPrefix("/") ? rooted(name) : [directory(of: origin) + "/" + name]
        return try? firstBuild(buildID, among: path + separateFiles(of: buildID))
    }

    private func firstBuild(_ buildID: [UInt8], among paths: [String]) throws(ModuleProblem) -> ELFFile {
        var problem = ModuleProblem.missing
        for path in paths {
            do {
                let file = try ELFFile(path: path)
                let found = file.buildID
                if buildID.isEmpty || found == buildID { return file }
                problem = .differentBuild(recorded: buildID, found: found)
            } catch {
                if problem == .missing { problem = error }
            }
        }
        throw problem
    }

    /// Outside the sysroot only a build-id can tell whether a file is the right one.
    private func candidates(_ path: String, _ buildID: [UInt8]) -> [String] {
        buildID.isEmpty ? Array(rooted(path).prefix(1)) : rooted(path)
    }

    private func rooted(_ path: String) -> [String] {
        (options.sysroot.map { [$0 + "/" + path] } ?? []) + [path]
    }

    var roots: [String] { options.debugDirectories.flatMap(rooted) }

    private func separateFiles(of buildID: [UInt8]) -> [String] {
        guard buildID.count > 1 else { return [] }
        let name = "/.build-id/\(hex(buildID.prefix(1)))/\(hex(buildID.dropFirst())).debug"
        return roots.map { $0 + name }
    }

    private func linkedFiles(of file: borrowing ELFFile, loadedFrom path: String) -> [String] {
        guard let name = file.debugLink?.name, !name.contains("/") else { return [] }
        let own = directory(of: file.path)
        let places = [directory(of: path), directory(of: canonical(file.path))]
        return [own, own + "/.debug"].map { "\($0)/\(name)" }
            + roots.flatMap { root in places.map { "\(root)/\($0)/\(name)" } }
    }
}

/// What the kernel appends to the path of a mapped file that has no name any more.
private let deletedMark = " (deleted)"

private func directory(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
}

private func canonical(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
}
