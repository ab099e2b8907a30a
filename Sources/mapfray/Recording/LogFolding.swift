import Analysis
import Glibc
import TraceLog

/// Keeps logs within a size: what was read goes into a checkpoint beside the log, and then leaves the file.
///
/// The checkpoint is written beside, made durable and renamed before anything is dropped, so that at any instant the
/// newest complete checkpoint and the log together tell everything. The tracer spills no further than it is allowed to
/// (`mf_header.spill_limit`), whatever becomes of us: that, and not our speed, is what keeps the bound.
struct LogFolding {
    /// Bytes that a log and what lies beside it may take together.
    private let most: UInt64
    private var rooms: [String: LogRoom] = [:]
    /// Logs of which it was told that they cannot be folded.
    private var told: Set<String> = []
    /// Logs that could not be cut when it was last tried: hurry is of no use to them.
    private var stuck: Set<String> = []

    /// A smaller bound has no room for the ring, two checkpoints and what is written while one is made.
    static let least: UInt64 = 16 << 20

    init(most: ByteSize) { self.most = most.bytes }

    /// What the tracer may spill before it is allowed more.
    static func allowance(_ most: ByteSize) -> UInt64 { most.bytes / 2 }

    /// Folds each log that has taken half of what it may.
    mutating func look(at folder: FollowedFolder) {
        for log in folder.logs where log.isRunning {
            guard let extent = log.extent, LogRoom.isTight(extent) else { continue }
            do throws(Failure) {
                var room = rooms[log.log.path] ?? LogRoom(most: most)
                defer { rooms[log.log.path] = room }
                if try room.fold(log, in: folder) {
                    stuck.remove(log.log.path)
                } else {
                    stuck.insert(log.log.path)
                }
            } catch {
                tellOnce(log, error.message)
            }
        }
    }

    /// Whether the process of a log will soon wait until it is folded.
    func isAwaited(in folder: FollowedFolder) -> Bool {
        folder.logs.contains { log in
            guard log.isRunning, !told.contains(log.log.path), !stuck.contains(log.log.path),
                let extent = log.extent,
                let head = log.latestHead
            else { return false }
            return LogRoom.isPressed(extent, head: head)
        }
    }

    private mutating func tellOnce(_ log: FollowedLog, _ reason: String) {
        guard told.insert(log.log.path).inserted else { return }
        tell(
            "warning: process \(log.process) can be recorded no further within --max-size \(most >> 20)M: \(reason)"
        )
    }

    /// Whether a hole can be made in a file of this folder, which is how a log gets smaller.
    static func isPossible(in folder: String) -> Bool {
        let path = "\(folder)/.mapfray-\(getpid()).tmp"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        defer {
            close(descriptor)
            unlink(path)
        }
        return ftruncate(descriptor, 8192) == 0 && DurableFile.punch(descriptor, 0..<4096) == 0
    }
}
