import Foundation
import Symbols
import Testing

/// A library whose debug information was moved to a file of its own, as distributions do.
struct SplitLibrary {
    let workshop: Workshop
    /// Without symbols, in a folder of its own.
    let stripped: String
    /// Not where anybody would look for it.
    let debug: String
    let full: String
    let buildID: [UInt8]
    /// The address of a static function.
    let hidden: UInt64

    init(_ flags: [String] = [], source: Source = .c) throws {
        workshop = try Workshop()
        full = try workshop.compile(source, ["-g", "-O1", "-shared", "-fPIC"] + flags, as: "full.so")
        (stripped, debug) = (workshop.file("lib/libplain.so"), workshop.file("libplain.so.debug"))
        try run(["mkdir", "-p", workshop.file("lib")])
        try run(["objcopy", "--only-keep-debug", full, debug])
        try run(["objcopy", "--strip-all", "--add-gnu-debuglink=\(debug)", full, stripped])
        buildID = try readBuildID(full)
        hidden = try #require(try functions(of: full).first { $0.name == "hidden" }).range.lowerBound
    }

    func put(_ file: String, at place: String) throws {
        let target = workshop.file(place)
        try run(["mkdir", "-p", URL(fileURLWithPath: target).deletingLastPathComponent().path])
        try run(["cp", file, target])
    }

    /// `xx/yyyy.debug`
    var buildIDPath: String {
        let digits = buildID.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return digits[0] + "/" + digits[1...].joined() + ".debug"
    }

    /// What is known about `hidden`.
    func answer(_ path: String? = nil, recorded: [UInt8]? = nil, sysroot: String? = nil) -> Resolution {
        answers(path ?? stripped, recorded: recorded ?? buildID, [hidden], sysroot: sysroot)[0]
    }

    func answers(_ path: String, recorded: [UInt8], _ addresses: [UInt64], sysroot: String? = nil)
        -> [Resolution]
    {
        var options = SymbolizerOptions()
        options.debugDirectories = sysroot == nil ? [workshop.file("debug")] : ["/debug"]
        options.sysroot = sysroot
        let symbolizer = Symbolizer(options: options)
        return addresses.map {
            symbolizer.frames(for: SymbolRequest(modulePath: path, buildID: recorded, fileAddress: $0))
        }
    }

    /// The answer for `hidden` with all debug information at hand.
    var named: Resolution {
        get throws {
            let line = try #require(try addr2line(full, [hidden]).first?.first?.line)
            return Resolution(frames: [
                SymbolFrame(function: "hidden", file: workshop.file("plain.c"), line: line)
            ])
        }
    }
}

/// The build-id as binutils' readelf prints it.
func readBuildID(_ path: String) throws -> [UInt8] {
    let output = try run(["readelf", "-n", path])
    guard let mark = output.range(of: "Build ID: ") else { return [] }
    let digits = Array(output[mark.upperBound...].prefix { $0.isHexDigit })
    return stride(from: 0, to: digits.count, by: 2).compactMap {
        UInt8(String(digits[$0...$0 + 1]), radix: 16)
    }
}

@Suite struct `Separate debug files` {
    @Test(arguments: [
        "lib/libplain.so.debug", "lib/.debug/libplain.so.debug", "debug/WORKSHOP/lib/libplain.so.debug",
        "debug/.build-id/BUILDID",
    ])
    func `are found beside the library, by link and by build-id`(place: String) throws {
        let library = try SplitLibrary()
        #expect(library.answer() == Resolution())
        try library.put(
            library.debug,
            at: place.replacing("WORKSHOP", with: library.workshop.path).replacing(
                "BUILDID", with: library.buildIDPath))
        #expect(library.answer() == (try library.named))
        try compareWithFull(library)
    }

    @Test func `stand in for a library that is gone`() throws {
        let library = try SplitLibrary()
        try library.put(library.debug, at: "debug/.build-id/" + library.buildIDPath)
        try run(["rm", library.stripped])
        #expect(library.answer() == (try library.named))
        try compareWithFull(library)
    }

    @Test func `stand in for a library that was replaced`() throws {
        let library = try SplitLibrary()
        let other = try SplitLibrary(["-DOTHER"], source: .other)
        try library.put(library.debug, at: "debug/.build-id/" + library.buildIDPath)
        try run(["cp", other.stripped, library.stripped])
        #expect(library.answer() == (try library.named))
    }

    @Test func `of another build give no names`() throws {
        let library = try SplitLibrary()
        let other = try SplitLibrary(["-DOTHER"], source: .other)
        #expect(library.buildID != other.buildID)
        for place in ["lib/libplain.so.debug", "debug/.build-id/" + library.buildIDPath] {
            try library.put(other.debug, at: place)
            #expect(library.answer() == Resolution())
        }
    }

    @Test func `of a library without build-id must match its checksum`() throws {
        let library = try SplitLibrary(["-Wl,--build-id=none"])
        #expect(library.buildID.isEmpty)
        try library.put(library.debug, at: "lib/libplain.so.debug")
        #expect(library.answer() == (try library.named))
        let other = try SplitLibrary(["-Wl,--build-id=none"], source: .other)
        try library.put(other.debug, at: "lib/libplain.so.debug")
        #expect(library.answer() == Resolution())
    }

    @Test func `are found in a copy of the traced machine's files`() throws {
        let library = try SplitLibrary()
        try library.put(library.stripped, at: "root/opt/lib/libplain.so")
        let root = library.workshop.file("root")
        #expect(library.answer("/opt/lib/libplain.so", sysroot: root) == Resolution())
        try library.put(library.debug, at: "root/debug/opt/lib/libplain.so.debug")
        #expect(library.answer("/opt/lib/libplain.so", sysroot: root) == (try library.named))
    }

    @Test func `may share a common file, as dwz makes it`() throws {
        guard isInstalled("dwz") else { return print("not tested: dwz is not installed") }
        let library = try SplitLibrary(source: .cxxLibrary)
        let second = library.workshop.file("second.debug")
        let common = library.workshop.file("common.debug")
        try run(["cp", library.debug, second])
        try run(["dwz", "-m", common, library.debug, second])
        try library.put(library.debug, at: "debug/.build-id/" + library.buildIDPath)
        try compareWithFull(library)
        // Without the common file much is lost, but nothing is wrong.
        let before = library.answer()
        try run(["mv", common, common + ".away"])
        let after = library.answer()
        #expect(
            after.frames.last?.function == before.frames.last?.function || after.frames.last?.function == nil)
    }

    private func compareWithFull(_ library: SplitLibrary) throws {
        let addresses = samples(try functions(of: library.full), each: 5)
        let split = library.answers(library.stripped, recorded: library.buildID, addresses)
        let full = library.answers(library.full, recorded: library.buildID, addresses)
        #expect(zip(split, full).filter { $0 != $1 }.count == 0)
        #expect(full.count { !$0.frames.isEmpty } > 20)
    }
}

@Suite struct `A module that is not what was recorded` {
    @Test func `of another build gets no names`() throws {
        let library = try SplitLibrary()
        let other: [UInt8] = [1, 2, 3, 4]
        #expect(
            library.answer(library.full, recorded: other)
                == Resolution(problem: .differentBuild(recorded: other, found: library.buildID)))
        #expect(library.answer(library.full) == (try library.named))
        #expect(library.answer(library.full, recorded: []) == (try library.named))
    }

    @Test func `without build-id is not taken for one that had one`() throws {
        let library = try SplitLibrary(["-Wl,--build-id=none"])
        let recorded: [UInt8] = [1, 2, 3, 4]
        #expect(
            library.answer(library.full, recorded: recorded)
                == Resolution(problem: .differentBuild(recorded: recorded, found: [])))
    }

    @Test func `and deleted is named only if its file came back`() throws {
        let library = try SplitLibrary()
        let deleted = library.full + " (deleted)"
        #expect(library.answer(deleted) == (try library.named))
        #expect(library.answer(deleted, recorded: []) == Resolution(problem: .notAFile))
        #expect(
            library.answer(deleted, recorded: [9, 9]).problem
                == .differentBuild(recorded: [9, 9], found: library.buildID))
        try run(["rm", library.full])
        #expect(library.answer(deleted) == Resolution(problem: .missing))
    }

    @Test(arguments: [
        ("[vdso]", ModuleProblem.notAFile), ("", .notAFile), ("/nowhere/at/all", .missing),
        ("/dev/null", .notAFile),
        ("/tmp", .notAFile), ("/etc/passwd", .malformed("no ELF file")), ("/etc/passwd/x", .missing),
        ("/memfd:jit (deleted)", .notAFile),
    ])
    func `or is no module at all has a reason`(path: String, problem: ModuleProblem) {
        let request = SymbolRequest(modulePath: path, fileAddress: 0x1000)
        #expect(Symbolizer().frames(for: request) == Resolution(problem: problem))
    }

    @Test func `an object file or an archive is no module`() throws {
        let workshop = try Workshop()
        let object = try workshop.compile(.c, ["-g", "-c"], as: "plain.o")
        let archive = workshop.file("lib.a")
        try run(["ar", "rc", archive, object])
        for path in [object, archive] {
            let answer = Symbolizer().frames(for: SymbolRequest(modulePath: path, fileAddress: 0))
            #expect(answer.frames.isEmpty)
            guard case .malformed = answer.problem else {
                #expect(Bool(false), "\(answer)")
                return
            }
        }
    }
}
