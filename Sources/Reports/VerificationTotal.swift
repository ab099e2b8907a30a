/// What the snapshots of all logs of a recording said (`verify --pid all`).
package struct VerificationTotal {
    /// Logs that were replayed.
    package private(set) var logs = 0
    /// Logs of which a snapshot differed.
    package private(set) var inexact = 0
    /// Snapshots that a replay was held against, and those among them that it equals.
    package private(set) var compared = 0
    package private(set) var exact = 0
    /// Logs that could not be replayed.
    package var unread = 0

    package init() {}

    package mutating func add(_ result: VerificationResult) {
        logs += 1
        compared += result.compared.count
        exact += result.exact
        if result.exact < result.compared.count { inexact += 1 }
    }

    /// Whether there was something to compare, nothing differed, and every log could be read.
    package var isExact: Bool { compared > 0 && exact == compared && unread == 0 }
}
