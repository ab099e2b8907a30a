import Glibc
import TraceFormat

extension Note {
    /// The children that the header says are missing; nil if none is.
    init?(missingChildren header: LogHeader) {
        let (count, errno) = header.missingChildren
        if count == 0 { return nil }
        let whose = count == 1 ? "1 forked child" : "\(count) forked children"
        self.init(
            code: .notCovered, time: header.identity.start_time,
            text: "not recorded: \(whose) could not begin a log (\(LogError.text(of: errno)))"
                + Self.remedy(errno))
    }

    /// What would help, where the error tells.
    private static func remedy(_ errno: Int32) -> String {
        switch errno {
        case EACCES, EPERM, ENOENT, EROFS: "; record to a folder that they can reach and write to"
        case EMFILE: ": RLIMIT_NOFILE left them no descriptor"
        default: ""
        }
    }
}
