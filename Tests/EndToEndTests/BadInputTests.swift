import Foundation
import Testing

/// What every verb does with something that is no good log.
@Suite struct BadInputTests {
    private static let verbs = ["report", "sites", "maps", "events", "verify", "forecast"]
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func expectFailure(_ verb: String, _ path: String, _ words: String) throws {
        let result = try mapfray(verb, path)
        #expect(result.status == 1)
        #expect(result.text.isEmpty)
        #expect(result.errors.hasPrefix("mapfray: \(path)"), "\(result.errors)")
        #expect(result.errors.contains(words), "\(result.errors)")
        #expect(result.errors.split(separator: "\n").count == 1)
    }

    @Test(arguments: verbs) func `no folder, and a folder without logs`(verb: String) throws {
        try expectFailure(verb, scratch.file("nothing"), "no such file or folder")
        try expectFailure(verb, scratch.path, "holds no log")
    }

    @Test(arguments: verbs) func `an empty log, and a file that is none`(verb: String) throws {
        try expectFailure(verb, scratch.write("empty.mapfray", ""), "empty")
        let text = String(repeating: "not a log\n", count: 1000)
        try expectFailure(verb, scratch.write("text.mapfray", text), "not a mapfray log")
    }

    @Test func `names cannot act on the terminal`() throws {
        let result = try mapfray("report", "no\u{1B}[31m\nsuch")
        #expect(result.errors.hasPrefix("mapfray: no?[31m?such: there is no such file"))
    }

    @Test func `wrong arguments cannot act on the terminal, and keep their lines`() throws {
        let result = try mapfray("report", "log", "--no\u{1B}[31msuch")
        #expect(result.status == 64)
        #expect(result.errors.contains("--no?[31msuch"))
        #expect(result.errors.split(separator: "\n").count > 1)
    }

    @Test func `help that cannot be written is a failure`() throws {
        let result = try run("/bin/sh", ["-c", "exec \(mapfrayPath()) --help >/dev/full"])
        #expect(result.status == 1)
        #expect(result.errors.hasPrefix("mapfray: cannot write to standard output"))
        #expect(try mapfray("--help").status == 0)
        #expect(try mapfray("--version").text == "0.1.0\n")
    }

    @Test func `help on a verb that there is not is wrong usage, and help says what is the default`() throws {
        let result = try mapfray("help", "nothing")
        #expect(result.status == 64 && result.text.isEmpty)
        #expect(result.errors == "mapfray: there is no verb nothing; 'mapfray help' lists them\n")
        for verb in ["sites", "plot", "record"] {
            let help = try mapfray("help", verb)
            #expect(help.status == 0 && help.text.contains("USAGE: mapfray \(verb)"))
            #expect(
                !help.text.contains("Analysis.") && !help.text.contains("          shell"), "\(help.text)")
        }
    }

    @Test func `a drawing into a device that takes none is a failure, and the device stays`() throws {
        let log = try scratch.write("whole.mapfray", bytes: try recorded())
        let result = try mapfray("plot", log, "--svg", "/dev/full")
        #expect(result.status == 1)
        #expect(
            result.errors == "mapfray: cannot write /dev/full (No space left on device); name a file in a"
                + " folder you may write\n")
        #expect(try run("/usr/bin/test", ["-c", "/dev/full"]).status == 0)
    }

    @Test func `a damaged header is no newer version`() throws {
        var bytes = try recorded()
        bytes[8] = 99
        let path = try scratch.write("new.mapfray", bytes: bytes)
        try expectFailure("report", path, "the log's header is damaged")
    }

    @Test func `a newer version is named`() throws {
        var bytes = try recorded()
        bytes[8] = 99
        // The check behind the identity, of a version whose check is another.
        bytes[96] ^= 0xFF
        let path = try scratch.write("new.mapfray", bytes: bytes)
        try expectFailure(
            "report", path, "format version 99, this mapfray reads up to 1; use a newer mapfray")
    }

    /// Without the last of what the log holds; zeros, which were room for more, do not count.
    private func cut(_ bytes: Data) -> Data { bytes.prefix((bytes.lastIndex { $0 != 0 } ?? 0) - 200) }

    @Test func `a log that ends early is reported up to there`() throws {
        let bytes = try recorded()
        let path = try scratch.write("cut.mapfray", bytes: cut(bytes))
        let result = try mapfray("report", path)
        #expect(result.status == 0)
        #expect(result.text.contains("VMAs: first"))
        #expect(result.errors.hasPrefix("mapfray: warning: \(path) is damaged: "))
        #expect(result.errors.split(separator: "\n").count == 1)
    }

    @Test func `a log that ends before its first snapshot has no map, in one sentence`() throws {
        let path = try scratch.write("cut.mapfray", bytes: try recorded().prefix(4_200))
        try expectFailure("maps", path, "so there is no map: the log is damaged (")
        let explained = try mapfray("explain", path, "0")
        #expect(explained.status == 1 && explained.text.isEmpty)
        #expect(explained.errors.hasPrefix("mapfray: \(path) holds no snapshot before that instant"))
    }

    @Test func `an address of a damaged log is explained, and the damage told`() throws {
        let path = try scratch.write("cut.mapfray", bytes: cut(try recorded()))
        let explained = try mapfray("explain", path, "0")
        #expect(explained.status == 0)
        #expect(explained.text.hasPrefix("Nothing is mapped at 0x0."))
        #expect(explained.errors.hasPrefix("mapfray: warning: \(path) is damaged: "))
    }

    @Test func `one bad log among good ones is told of, and the rest is reported`() throws {
        _ = try recorded()
        try scratch.write("log/bad.mapfray", "garbage")
        let result = try mapfray("report", scratch.file("log"))
        #expect(result.status == 0)
        #expect(result.errors.contains("warning: \(scratch.file("log/bad.mapfray"))"))
        #expect(result.text.contains("VMAs: first"))
    }

    private func recorded() throws -> Data {
        _ = try mapfray("record", "--quiet", "-o", scratch.file("log"), "true")
        let name = try #require(try scratch.contents("log").first)
        return try Data(contentsOf: URL(fileURLWithPath: scratch.file("log/\(name)")))
    }
}
