import Foundation

/// The seccomp filters that mapfray, and so its command, runs under.
enum SeccompFilters {
    /// How many there are if the tracer knows nothing of them (preload/tracer/confinement.c), and so must not even
    /// leave a word why it records nothing; nil: it may record.
    static var unknown: Int? {
        guard let count = filters(of: "/proc/self/status"), count > 0, count != filters(of: "/proc/1/status"),
            announced != count
        else { return nil }
        return count
    }

    /// COUNT, or COUNT:PERMITTED.
    private static var announced: Int? {
        ProcessInfo.processInfo.environment["MAPFRAY_SECCOMP"].flatMap { Int($0.prefix { $0 != ":" }) }
    }

    private static func filters(of path: String) -> Int? {
        let status = try? String(contentsOfFile: path, encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("Seccomp_filters:") }
        return line.flatMap { Int($0.split(whereSeparator: \.isWhitespace).last ?? "") }
    }
}
