import Foundation
import Testing

/// The programs compare our walk with libunwind's, frame by frame, and end with status 0 when all were equal.
@Suite struct UnwindTests {
    let builder: ProgramBuilder

    init() throws {
        builder = try ProgramBuilder.shared.get()
    }

    static let compilerFlags = [
        ["-O2", "-fomit-frame-pointer"], ["-O0"], ["-Os", "-fno-omit-frame-pointer"],
    ]

    static let comparisons = [
        "recursion.c", "frames.c", "callbacks.c", "signals.c", "single_step.c", "coroutine.c",
        "exceptions.cpp", "memo.c", "other_stack.c",
        "stub.c",
    ]

    @Test(arguments: comparisons, compilerFlags)
    func `equals libunwind`(program: String, flags: [String]) throws {
        try builder.run(builder.build(program, flags))
    }

    @Test(arguments: ["libc.so.6", "libstdc++.so.6", "libunwind-x86_64.so.8", "libgomp.so.1"])
    func `a file tells the functions that the library has when it is loaded`(library: String) throws {
        let path = "/lib/x86_64-linux-gnu/\(library)"
        guard FileManager.default.fileExists(atPath: path) else {
            print("skipped: no \(path) here")
            return
        }
        print(try builder.run(builder.build("file_tables.c"), [path]))
    }

    /// As programs that want large pages for their code are linked.
    @Test func `equals libunwind in a program with gaps between its segments`() throws {
        try builder.run(
            builder.build(
                "recursion.c", ["-O2", "-fomit-frame-pointer"], link: ["-Wl,-z,max-page-size=0x200000"]))
    }

    @Test func `equals libunwind in the middle of a lazily bound call`() throws {
        let library = try builder.buildLibrary("lazy_library.c", ["-Wl,-z,lazy"])
        try builder.run(builder.build("lazy.c", link: ["-rdynamic", library]))
    }

    @Test func `equals libunwind without _dl_find_object`() throws {
        try builder.run(builder.build("old_glibc.c"))
    }

    @Test func `code without frame descriptions and garbage registers never crash it`() throws {
        try builder.run(builder.build("jit.c"))
    }

    @Test(arguments: compilerFlags)
    func `assembly without frame descriptions is walked through, or the backtrace is marked as cut`(
        flags: [String]
    ) throws {
        try builder.run(builder.build("undescribed.c", flags))
    }

    @Test func `children of a process with walking threads walk too`() throws {
        try builder.run(builder.build("fork.c"))
    }

    @Test func `threads and handlers walk while libraries come and go`() throws {
        try builder.run(builder.build("churn.c"), reloadedLibraries())
    }

    @Test func `a library in the place of another gets its own rows`() throws {
        try builder.run(builder.build("reload.c"), reloadedLibraries())
    }

    /// The control of the test above: its program does notice stale rows.
    @Test func `without forgetting the rows are stale`() throws {
        let program = try builder.build("reload.c")
        let libraries = try reloadedLibraries()
        let failure = #expect(throws: CommandFailed.self) {
            try builder.run(program, libraries + ["keep"])
        }
        #expect(failure?.status == 1)
        #expect(failure?.output.contains("same place 1, ") == true)
    }

    @Test func `the walk that is timed beside libunwind's has all its frames`() throws {
        print(try builder.run(builder.build("timing.c")))
    }

    @Test func `nothing of libc is entered after start`() throws {
        let symbols = try ProgramBuilder.unwinderSources().map { source in
            try builder.run("nm", ["-u", "-P", builder.object(of: source)])
        }
        let names = Set(symbols.joined().split(separator: "\n").compactMap { $0.split(separator: " ").first })
        let foreign = names.filter { !$0.hasPrefix("mf_") && $0 != "_GLOBAL_OFFSET_TABLE_" }
        #expect(foreign == ["dlsym", "dl_iterate_phdr"])
    }

    /// The same code in both, so that the call lies at the same place; only the frame's size differs.
    private func reloadedLibraries() throws -> [String] {
        try ["-DPADDING=200", "-DPADDING=264"].map { try builder.buildLibrary("reload_library.c", [$0]) }
    }
}
