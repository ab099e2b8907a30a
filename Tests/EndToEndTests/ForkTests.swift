import Foundation
import Testing

@Suite struct ForkTests {
    /// What a process told of itself: the kernel's list at an instant.
    private struct Told {
        let process: String
        let instant: String
        let maps: [Substring]

        init(_ text: String) throws {
            var lines = text.split(separator: "\n")
            let head = lines.removeFirst().split(separator: " ").map(String.init)
            guard head.count == 2 else { throw Unexpected(text) }
            (process, instant, maps) = (head[0], head[1], lines)
        }
    }

    private let scratch: Scratch
    private let log: String
    private let born: Told
    private let later: Told

    init() throws {
        scratch = try Scratch()
        log = scratch.file("log")
        let result = try mapfray("record", "--quiet", "-o", log, scratch.compileWorkload("forked"))
        let parts = result.text.components(separatedBy: "--\n")
        guard result.status == 0, parts.count == 2 else { throw Unexpected(result.errors) }
        (born, later) = (try Told(parts[0]), try Told(parts[1]))
    }

    private func map(_ told: Told) throws -> Execution {
        try mapfray("maps", log, "--pid", told.process, "--at", "@\(told.instant)", "--all")
    }

    @Test func `a child that has made no call yet has the map its parent forked`() throws {
        let result = try map(born)
        #expect(result.lines == born.maps)
        #expect(result.errors.contains("had no log yet"))
    }

    @Test func `a child with a log of its own is rebuilt from that`() throws {
        let result = try map(later)
        #expect(result.lines == later.maps)
        #expect(result.errors.isEmpty)
    }

    @Test func `the child's first list judges what it inherited`() throws {
        let result = try mapfray("verify", log, "--pid", later.process, "--json")
        #expect(result.status == 0)
        let snapshots = result.object["snapshots"] as? [[String: Any]] ?? []
        let fork = try #require(snapshots.first { $0["reason"] as? String == "fork" })
        #expect(fork["loaded"] as? Bool == false)
        #expect(fork["different"] as? Int == 0)
    }

    @Test func `what the parent made keeps its owner in the child`() throws {
        let result = try mapfray("sites", log, "--pid", later.process, "--json")
        let sites = result.object["sites"] as? [[String: Any]] ?? []
        let frames = try #require(sites.first?["frames"] as? [[String: Any]])
        #expect(frames.first?["function"] as? String == "hold")
        #expect(sites.first?["vmas"] as? Int ?? 0 >= 3 * 50)
    }

    /// A moment before the program's log was begun, and the program's number.
    private func moment() throws -> (time: String, process: String) {
        let head = try mapfray("events", log, "--pid", "all").lines.first?.split(separator: " ") ?? []
        let start = try #require(head.first.flatMap { UInt64($0) })
        return ("@\(start - 50_000_000)", String(head[1]))
    }

    @Test func `before the first list the first list answers, and says so`() throws {
        let (time, process) = try moment()
        let result = try mapfray("maps", log, "--pid", process, "--at", time)
        #expect(result.status == 0)
        #expect(result.errors.contains("was only starting then"))
        #expect(result.errors.split(separator: "\n").count == 1)
        #expect(result.lines.count > 10)
    }

    /// ld.so maps the library's code in one piece; the tracer lays its tables over the midst of it.
    @Test func `before the first list the tracer's library is as ld_so mapped it`() throws {
        let (time, process) = try moment()
        let pieces = { (lines: [Substring]) in
            lines.count { $0.contains(" r-xp ") && $0.hasSuffix("/libmapfray-preload.so") }
        }
        #expect(pieces(try mapfray("maps", log, "--all", "--pid", process, "--at", time).lines) == 1)
        #expect(pieces(try mapfray("maps", log, "--all", "--pid", process).lines) == 2)
    }

    /// Maps memory of other rights in turn by `born` before a fork, and by `grown` in the child.
    private static let twoSites = """
        #include <sys/mman.h>
        #include <sys/wait.h>
        #include <unistd.h>
        #define MAP(count) \\
            for (int i = 0; i < count; i++) \\
                mmap(0, 4096, i & 1 ? PROT_READ | PROT_WRITE : PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        void __attribute__((noinline)) born(void) { MAP(300); __asm__ volatile(""); }
        void __attribute__((noinline)) grown(void) { MAP(40); __asm__ volatile(""); }
        int main(void)
        {
            born();
            if (fork() == 0) {
                grown();
                _exit(0);
            }
            wait(0);
            return 0;
        }
        """

    /// A flight recorder has its definitions apart, and numbers them by itself.
    @Test(arguments: [[], ["--flight-recorder", "4M"]])
    func `what the parent made and what the child made are told apart`(options: [String]) throws {
        let log = scratch.file("family")
        let program = try scratch.compile("two-sites", Self.twoSites)
        let recorded = try run(mapfrayPath(), ["record", "--quiet", "-o", log] + options + ["--", program])
        #expect(recorded.status == 0, "\(recorded.errors)")
        let child = try #require(scratch.contents("family").filter { $0.hasSuffix(".mapfray") }.max())
        let pid = try #require(child.split(separator: ".").first)
        let report = try mapfray("report", log, "--pid", "\(pid)", "--json").object
        let sites = try #require(report["sites"] as? [[String: Any]])
        func vmas(_ name: String) -> Int {
            let site = sites.first { ($0["name"] as? String)?.hasPrefix(name) == true }
            return site?["last"] as? Int ?? 0
        }
        #expect((295...300).contains(vmas("born@")) && (39...40).contains(vmas("grown@")), "\(sites)")
        let boundaries = try #require(report["boundaries"] as? [[String: Any]])
        func within(_ name: String) -> Int {
            let group = boundaries.first {
                ($0["left"] as? String)?.hasPrefix(name) == true
                    && $0["left"] as? String == $0["right"] as? String
            }
            return group?["count"] as? Int ?? 0
        }
        #expect(within("born@") >= 290 && within("grown@") >= 38, "\(boundaries)")
    }
}
