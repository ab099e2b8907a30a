import Glibc

/// The library that is loaded into the traced program.
enum TracerLibrary {
    static let fileName = "libmapfray-preload.so"

    /// Its absolute path: beside the executable, or where `tools/install` puts it.
    static func find() throws(Failure) -> String {
        let folder = try executableFolder()
        let places = ["\(folder)/\(fileName)", "\(folder)/../lib/mapfray/\(fileName)"]
        guard let path = places.first(where: { access($0, R_OK) == 0 }) else {
            throw Failure(
                "\(fileName) is missing (looked in \(folder) and \(folder)/../lib/mapfray); "
                    + "build everything with: swift build")
        }
        // The loader splits LD_PRELOAD at these and knows no quoting (ld.so(8)).
        guard !path.contains(where: { " :\t\n".contains($0) }) else {
            throw Failure(
                "the loader cannot preload \(path) because of the blank or colon in its path; move mapfray elsewhere"
            )
        }
        return path
    }

    private static func executableFolder() throws(Failure) -> String {
        guard let path = realpath("/proc/self/exe", nil) else {
            throw Failure(
                "cannot find the folder of mapfray itself (\(describe(errno: errno))); is /proc mounted?")
        }
        defer { free(path) }
        return String(
            String(cString: path).prefix(
                upTo: String(cString: path).lastIndex(of: "/") ?? String(cString: path).endIndex))
    }
}
