import Analysis
import ArgumentParser
import Reports

/// The story of one VMA.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Who made the VMA at an address, who cut it, why it does not merge with its neighbours.",
        usage: """
            mapfray explain mapfray.data 7f12c4a01000
            mapfray explain mapfray.data 0x7f12c4a01000 --at peak
            mapfray explain mapfray.data 7f12c4a01000 --at failure --json
            """,
        discussion:
            "Addresses are hexadecimal, as in `mapfray maps`; without --at it is the end of the recording.")

    @Argument(
        help: ArgumentHelp("The folder that was recorded to, or one log in it.", valueName: "dir"),
        completion: .directory)
    var folder: String

    @Argument(help: "Any address in the VMA, hexadecimal.")
    var address: HexAddress

    @Option(help: "The process to look at (default: the one with the highest peak).")
    var pid: UInt32?

    @Option(help: Instant.help)
    var at: Instant?

    @Flag(help: "A document for scripts.")
    var json = false

    @OptionGroup var symbols: SymbolArguments
    @OptionGroup var style: StyleArguments

    func run() throws {
        let log = try RecordedLogs(folder: folder).choose(process: pid, at: at)
        let time = try log.toldTime(of: at)
        let explanation = try Explanation.of(address.value, until: time) { inherited throws(Failure) in
            var reader = try log.open()
            inherited = try log.inheritance(into: &reader)
            return reader
        }
        guard explanation.hasMap else { throw try MapWriter.noMap(log) }
        let teller = try StoryTeller(
            log: log, namer: BacktraceNamer(options: symbols.options), definitions: explanation.definitions)
        let story = teller.story(of: address.value, explanation)
        try output(
            json ? JSONText.document(story) : VMAStoryText.text(story, .forDescriptor(1, color: style.color)))
        log.warn(ofDamage: explanation.damage)
    }
}

/// An address as maps prints it, with or without 0x.
struct HexAddress: ExpressibleByArgument {
    let value: UInt64

    init?(argument: String) {
        let digits = argument.hasPrefix("0x") ? argument.dropFirst(2) : argument[...]
        guard let value = UInt64(digits, radix: 16) else { return nil }
        self.value = value
    }
}
