import ArgumentParser
import Reports

/// Whether the rebuilt map equals the kernel's.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Hold the rebuilt map against every list of VMAs that the kernel gave while recording.",
        usage: """
            mapfray verify mapfray.data
            mapfray verify mapfray.data --pid 4711
            mapfray verify mapfray.data --pid all
            mapfray verify mapfray.data --json
            """,
        discussion: """
            Exit status: 0 if the rebuilt map was the kernel's, VMA by VMA, whenever it was compared; 1 if any VMA \
            differed or the log holds nothing to compare with. VMAs that a call was changing while the list was \
            read are left out, and counted. With --pid all, one process follows the other, the status is 0 if no \
            VMA of any differed and something was compared, and --json writes a document per line.
            """)

    @OptionGroup var log: LogsArguments

    @Flag(help: "A document for scripts.")
    var json = false

    func run() throws {
        let recorded = try RecordedLogs(folder: log.folder)
        switch log.pid {
        case .all: try verifyAll(recorded.logs)
        case .process(let process): try verify(recorded.choose(process: process))
        case nil: try verify(recorded.choose(process: nil))
        }
    }

    private func verify(_ log: RecordedLog) throws {
        let result = try Verification.run(log)
        try output(json ? JSONText.document(result) : VerificationText.text(result, .forDescriptor(1)))
        if !result.isExact { throw ExitCode(1) }
    }

    private func verifyAll(_ logs: [RecordedLog]) throws {
        var total = VerificationTotal()
        for log in logs {
            guard let result = verified(log) else {
                total.unread += 1
                continue
            }
            total.add(result)
            try output(json ? JSONText.line(result) : VerificationText.text(result, .forDescriptor(1)) + "\n")
        }
        if !json { try output(VerificationText.text(total, .forDescriptor(1))) }
        if !total.isExact { throw ExitCode(1) }
    }

    /// Tells why if it cannot be read, and leaves the others to be verified.
    private func verified(_ log: RecordedLog) -> VerificationResult? {
        do throws(Failure) {
            return try Verification.run(log)
        } catch {
            tell(error.message)
            return nil
        }
    }
}
