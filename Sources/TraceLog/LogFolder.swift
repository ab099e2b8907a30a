/// One file of a folder of logs.
package struct LogFile: Sendable {
    package var path: String
    /// What the log says of its process, or why it cannot be read.
    package var facts: Result<ProcessFacts, LogError>
    package init(path: String, facts: Result<ProcessFacts, LogError>) {
        self.path = path
        self.facts = facts
    }
}

/// A recording: a folder with one log per traced process, or a single log.
package struct LogFolder: Sendable {
    /// By start time; the unreadable ones last.
    package private(set) var files: [LogFile] = []

    /// Looks into the folder; throws only if the folder itself cannot be read or holds no log.
    package init(path: String) throws(LogError) {
        throw .notFound(path: path)
    }
}
