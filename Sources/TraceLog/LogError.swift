import Glibc

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

    /// The file or folder concerned.
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
    package var description: String { "\(path): \(problem)" }

    private var problem: String {
        switch self {
        case .notFound: "there is no such file or folder; check the path given to 'mapfray record -o'"
        case .unreadable(_, let errno): "cannot be read (\(Self.text(of: errno))); \(Self.remedy(for: errno))"
        case .empty: "the log is empty: the process ended before it began to record; record again"
        case .notALog: "this is not a mapfray log; name a folder or file that 'mapfray record' wrote"
        case .notAFile: "this is neither a folder nor a regular file; name what 'mapfray record' wrote"
        case .newerVersion(_, let found, let known):
            "the log has format version \(found), this mapfray reads up to \(known); use a newer mapfray"
        case .unknownFeatures(_, let bits):
            "the log uses features this mapfray does not know (bits 0x\(String(bits, radix: 16)));"
                + " use a newer mapfray"
        case .wrongByteOrder:
            "the log was recorded on a machine of the other byte order; read it on a machine like that one"
        case .headerDamaged: "the log's header is damaged, so nothing in it can be trusted; record again"
        case .truncatedHeader(_, let size):
            "the log ends after \(size) bytes, within its header; copy it again or record again"
        case .noLogs: "the folder holds no log (*.mapfray); name a folder that 'mapfray record' wrote"
        }
    }

    static func text(of code: Int32) -> String { String(cString: strerror(code)) }

    private static func remedy(for code: Int32) -> String {
        code == EACCES || code == EPERM
            ? "read it as the user who recorded it" : "check the file system it lies on"
    }
}
