import Foundation
import Testing

/// The backtraces in the log are also those of gdb, which knows stacks that go on elsewhere, and has no code in common
/// with libunwind.
@Suite struct GdbOracleTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Programs/gdb-oracle.py").path

    /// Why there is nothing to compare with; nil if there is.
    private func obstacle() throws -> String? {
        guard FileManager.default.fileExists(atPath: "/usr/bin/gdb") else { return "no gdb here" }
        let answer = try run("/usr/bin/gdb", ["-nx", "-batch", "-ex", "python print(6 * 7)"])
        return answer.text.contains("42") ? nil : "gdb has no Python here"
    }

    private func compare(_ command: [String]) throws -> StackComparison? {
        if let obstacle = try obstacle() {
            print("skipped: \(obstacle)")
            return nil
        }
        let folder = URL(fileURLWithPath: try mapfrayPath()).deletingLastPathComponent().path
        let result = try run(
            "/usr/bin/timeout",
            ["-s", "KILL", "200", "/usr/bin/gdb", "-nx", "-batch", "-x", Self.script, "--args"] + command,
            environment: [
                "LIBRARY": "\(folder)/libmapfray-preload.so", "LOG": scratch.file("log"),
                "OUTPUT": scratch.file("stacks"),
            ])
        try #require(result.text.contains("exited normally"), "\(result.text)\(result.errors)")
        let log = try #require(try scratch.contents("log").first { $0.hasSuffix(".mapfray") })
        return try StackComparison(
            log: scratch.file("log/\(log)"),
            oracle: String(contentsOfFile: scratch.file("stacks"), encoding: .utf8))
    }

    private func workload(_ name: String, _ compiler: String, _ flags: [String]) throws -> String {
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("tools/workloads/\(name)").path
        let result = try run("/usr/bin/\(compiler)", ["-o", scratch.file("built-\(name)"), source] + flags)
        guard result.status == 0 else { throw Unexpected(result.errors) }
        return scratch.file("built-\(name)")
    }

    @Test(arguments: [["-O2", "-fomit-frame-pointer"], ["-O3", "-flto", "-fcf-protection"]])
    func `callers inside libc, handlers, coroutines, exceptions`(flags: [String]) throws {
        let library = try workload("callers-library.c", "cc", ["-shared", "-fPIC"] + flags)
        let program = try workload(
            "callers.cpp", "c++", flags + ["-std=c++17", "-pthread", "-ldl"])
        guard let found = try compare([program, library]) else { return }
        print(found.summary("\(flags)"))
        #expect(found.compared > 300)
        #expect(found.differences.isEmpty, "\(found.differences.joined(separator: "\n"))")
    }

    @Test func `split stacks, whose parts lie anywhere`() throws {
        let program = try scratch.compile(
            "split",
            """
            #include <pthread.h>
            #include <sys/mman.h>
            static int descend(int depth)
            {
                volatile char room[500] = {0};
                if (depth % 3 == 0)
                    munmap(mmap(0, 4096 * (depth + 1), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
                return depth ? descend(depth - 1) + room[0] : 0;
            }
            static void *begin(void *depth) { return (void *)(long)descend((long)depth); }
            int main(void)
            {
                pthread_attr_t attributes;
                pthread_attr_init(&attributes);
                pthread_attr_setstacksize(&attributes, 64 << 10);
                for (long depth = 20; depth <= 100; depth += 40) {
                    pthread_t thread;
                    pthread_create(&thread, &attributes, begin, (void *)depth);
                    pthread_join(thread, 0);
                }
                return 0;
            }
            """, ["-fsplit-stack", "-fomit-frame-pointer", "-pthread"])
        guard let found = try compare([program]) else { return }
        print(found.summary("split stacks"))
        #expect(found.compared > 100)
        #expect(found.cut == 0)
        #expect(found.differences.isEmpty, "\(found.differences.joined(separator: "\n"))")
    }
}
