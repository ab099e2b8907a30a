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
            mapfray verify mapfray.data --json
            """,
        discussion: """
            Exit status: 0 if the rebuilt map was the kernel's, VMA by VMA, whenever it was compared; 1 if any VMA \
            differed or the log holds nothing to compare with. VMAs that a call was changing while the list was \
            read are left out, and counted.
            """)

    @OptionGroup var log: LogArguments

    @Flag(help: "A document for scripts.")
    var json = false

    func run() throws {
        let log = try RecordedLogs(folder: log.folder).choose(process: log.pid)
        let result = try Verification.run(log)
        try output(json ? JSONText.document(result) : VerificationText.text(result, .forDescriptor(1)))
        if !result.isExact { throw ExitCode(1) }
    }
}
