import Foundation
import Testing
import TraceLog

/// The backtrace of every call, as the log has it, is the one that libunwind finds from the outside at the same call:
/// in the callers inside libc as in the program's own.
@Suite struct StackOracleTests {
    private let scratch: Scratch
    private let oracle: String

    init() throws {
        scratch = try Scratch()
        oracle = scratch.file("stack-oracle")
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Programs/stack-oracle.c").path
        try compile("cc", source, to: oracle, ["-lunwind-ptrace", "-lunwind-x86_64", "-lunwind"])
    }

    private func compile(_ compiler: String, _ source: String, to file: String, _ flags: [String]) throws {
        let result = try run("/usr/bin/\(compiler)", ["-g", "-o", file, source] + flags)
        guard result.status == 0 else { throw Unexpected(result.errors) }
    }

    private func workload(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("tools/workloads/\(name)").path
    }

    private func compare(_ command: [String]) throws -> StackComparison {
        let result = try run(
            "/usr/bin/timeout",
            ["-s", "KILL", "100", oracle, scratch.file("stacks"), "libmapfray-preload", "/usr/bin/env"]
                + [
                    "LD_PRELOAD=\(mapfrayFolder())/libmapfray-preload.so",
                    "MAPFRAY_OUTPUT=\(scratch.file("log"))",
                ]
                + command)
        try #require(result.status == 0, "\(result.errors)")
        let log = try #require(try scratch.contents("log").first { $0.hasSuffix(".mapfray") })
        return try StackComparison(
            log: scratch.file("log/\(log)"),
            oracle: String(contentsOfFile: scratch.file("stacks"), encoding: .utf8))
    }

    private func mapfrayFolder() throws -> String {
        URL(fileURLWithPath: try mapfrayPath()).deletingLastPathComponent().path
    }

    @Test(arguments: [["-O2", "-fomit-frame-pointer"], ["-O0"], ["-Os", "-fno-omit-frame-pointer"]])
    func `callers inside libc, handlers, coroutines, exceptions`(flags: [String]) throws {
        try compile(
            "cc", workload("callers-library.c"), to: scratch.file("library.so"), ["-shared", "-fPIC"] + flags)
        try compile(
            "c++", workload("callers.cpp"), to: scratch.file("callers"),
            flags + ["-std=c++17", "-pthread", "-ldl"])
        let found = try compare([scratch.file("callers"), scratch.file("library.so")])
        print(found.summary("\(flags)"))
        #expect(found.compared > 300)
        #expect(found.differences.isEmpty, "\(found.differences.joined(separator: "\n"))")
    }

    /// As programs that want large pages for their code are linked; it is still one module, with its build-id.
    @Test func `a program with gaps between its segments`() throws {
        try compile(
            "cc", workload("callers-library.c"), to: scratch.file("library.so"), ["-shared", "-fPIC", "-O2"])
        try compile(
            "c++", workload("callers.cpp"), to: scratch.file("callers"),
            ["-O2", "-fomit-frame-pointer", "-std=c++17", "-pthread", "-ldl", "-Wl,--build-id"]
                + ["-Wl,-z,max-page-size=0x200000"])
        let found = try compare([scratch.file("callers"), scratch.file("library.so")])
        #expect(found.compared > 300)
        #expect(found.differences.isEmpty, "\(found.differences.joined(separator: "\n"))")
        let program = found.modules.filter { $0.path == scratch.file("callers") }
        #expect(program.count == 1)
        #expect(program.allSatisfy { !$0.buildID.isEmpty })
    }

    /// Programs of other runtimes. What a JIT made nobody describes: beyond it the two need not agree.
    static let programs = [
        [
            "/usr/bin/python3", "-c",
            """
            import ctypes, decimal, json, sqlite3, ssl, threading
            def work(): x = [bytearray(300000) for _ in range(30)]
            threads = [threading.Thread(target=work) for _ in range(8)]
            for t in threads: t.start()
            for t in threads: t.join()
            """,
        ],
        [
            "/usr/bin/perl", "-MPOSIX", "-MData::Dumper", "-e",
            "$x .= 'abc' x 1000 for 1..2000; @a = map { [$_] } 1..99999",
        ],
        ["/usr/bin/ruby", "-e", "f = (1..200).map { Fiber.new { Fiber.yield } }; f.each(&:resume)"],
        [
            "/usr/bin/luajit", "-e",
            """
            local kept = {}
            for i = 1, 2000000 do kept[i % 1000] = { i, tostring(i) } end
            for i = 1, 200 do loadstring("local s = 0 for i = 1, 1000 do s = s + " .. i .. " end return s")() end
            """,
        ],
        [
            "/usr/bin/node", "-e",
            "const k = []; for (let i = 0; i < 2e5; i++) k.push({ i }); require('zlib').gzipSync(Buffer.alloc(1e6))",
        ],
    ]

    @Test(arguments: programs)
    func `other runtimes`(command: [String]) throws {
        guard FileManager.default.fileExists(atPath: command[0]) else {
            print("skipped: no \(command[0]) here")
            return
        }
        let found = try compare(command)
        print(found.summary(command[0]))
        #expect(found.compared > 100)
        #expect(found.differences.isEmpty, "\(found.differences.joined(separator: "\n"))")
    }
}
