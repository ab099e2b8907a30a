/// Why a log cannot be read at all; what is merely damaged inside is a `Damage`.
package enum LogError: Error, Sendable, Hashable, CustomStringConvertible {
    case notFound(path: String)
    /// The system refused; `errno` says why.
    case unreadable(path: String, errno: Int32)
    case empty(path: String)
    case notALog(path: String)
    case notAFile(path: String)
    case newerVersion(path: String, found: UInt32, known: UInt32)
    /// `bits` are the feature bits this reader does not know.
    case unknownFeatures(path: String, bits: UInt64)
    case wrongByteOrder(path: String)
    case headerDamaged(path: String)
    /// `size` is the file's size in bytes.
    case truncatedHeader(path: String, size: UInt64)
    /// A folder in which no file has the suffix of a log.
    case noLogs(path: String)

    package var path: String {
        switch self {
        case .notFound(let path), .unreadable(let path, _), .empty(let path), .notALog(let path),
            .notAFile(let path), .newerVersion(let path, _, _), .unknownFeatures(let path, _),
            .wrongByteOrder(let path), .headerDamaged(let path), .truncatedHeader(let path, _),
            .noLogs(let path):
            path
        }
    }

    /// One sentence: which file, what is wrong with it, what to do.
    package var description: String { path }
}
