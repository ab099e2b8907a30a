import Foundation
import Testing

@Suite struct EventsTests {
    private let workload: Workload

    init() throws { workload = try Workload() }

    @Test func `every line is a call as strace writes it`() throws {
        let result = try mapfray("events", workload.log)
        let form = /\d+ \d+ \d+ \w+\(.*\) = (-1 [A-Z]+ \(.*\)|0x[0-9a-f]+|-?\d+) <\d+\.\d{9}>/
        #expect(result.status == 0)
        #expect(result.lines.allSatisfy { $0.wholeMatch(of: form) != nil })
        let cuts = result.lines.count { $0.contains(/mprotect\(0x[0-9a-f]+, 4096, PROT_NONE\) = 0 </) }
        #expect(cuts == Workload.blocks)
    }

    @Test func `failed calls are there with their errno`() throws {
        let result = try mapfray("events", workload.log)
        #expect(
            result.lines.contains {
                $0.contains("mprotect(") && $0.contains("= -1 EINVAL (Invalid argument)")
            })
    }

    @Test func `--stacks puts the backtrace below the call`() throws {
        let lines = try mapfray("events", workload.log, "--stacks").lines
        let place = try #require(lines.firstIndex { $0.contains("PROT_NONE) = 0") })
        let frames = lines[(place + 1)...].prefix { $0.hasPrefix("    ") }
        #expect(frames.contains { $0.hasPrefix("    hold (workload) workload.c:") })
        #expect(frames.contains { $0.hasPrefix("    main (workload) workload.c:") })
        #expect(!frames.contains { $0.contains("libmapfray-preload") })
    }

    @Test func `a backtrace that is deeper than what is kept says so, in every list of backtraces`() throws {
        let log = workload.scratch.file("shallow")
        let recorded = try run(
            mapfrayPath(),
            ["record", "--quiet", "-o", log, workload.scratch.file("workload"), String(Workload.blocks)],
            environment: ["MAPFRAY_DEPTH": "2"])
        #expect(recorded.status == 0)
        let mark = "[callers may be missing]"
        #expect(try mapfray("events", log, "--stacks").text.contains(mark))
        #expect(try !mapfray("events", workload.log, "--stacks").text.contains(mark))
        #expect(try mapfray("sites", log, "--by", "stack").text.contains(mark))
        #expect(try !mapfray("sites", workload.log, "--by", "stack").text.contains(mark))
        let whole = try mapfray("events", workload.log, "--stacks", "--json").lines
        let shallow = try mapfray("events", log, "--stacks", "--json").lines
        #expect(whole.allSatisfy { $0.hasSuffix(#""cut":false}"#) })
        #expect(shallow.contains { $0.hasSuffix(#""cut":true}"#) })
    }

    /// As a collector's write barrier is. It is no call that lies before the instruction, but another function.
    @Test func `a function interrupted at its first instruction is named, not the one before it`() throws {
        let program = try workload.scratch.compile(
            "barrier",
            """
            #include <signal.h>
            #include <sys/mman.h>
            static char *area;
            static volatile int opened;
            static void open_area(int number)
            {
                (void)number;
                opened = mprotect(area, 4096, PROT_READ | PROT_WRITE);
            }
            __attribute__((noipa)) int before(void) { return opened; }
            __attribute__((noipa)) void store(char *place) { *place = 1; }
            int main(void)
            {
                signal(SIGSEGV, open_area);
                area = mmap(0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                store(area);
                return before();
            }
            """, ["-falign-functions=1", "-fno-toplevel-reorder", "-fcf-protection=none"])
        let log = workload.scratch.file("barrier.log")
        #expect(try mapfray("record", "--quiet", "-o", log, program).status == 0)
        let lines = try mapfray("events", log, "--stacks").lines
        let place = try #require(lines.firstIndex { $0.contains("mprotect(") })
        let functions = lines[(place + 1)...].prefix { $0.hasPrefix("    ") }
            .map { $0.split(separator: " ")[0] }
        #expect(functions[0] == "open_area")
        #expect(functions[2...3] == ["store", "main"])
    }

    @Test func `--json is a document per line that says the same`() throws {
        let texts = try mapfray("events", workload.log).lines
        let documents = try mapfray("events", workload.log, "--json", "--stacks").lines
        #expect(texts.count == documents.count)
        for (text, line) in zip(texts, documents) {
            let document = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let call = try #require(document["text"] as? String)
            #expect(text.contains(" \(call) = "))
            #expect(document["frames"] is [Any])
        }
    }

    @Test func `--pid all has the children too`() throws {
        let log = workload.scratch.file("family")
        _ = try mapfray("record", "--quiet", "-o", log, "sh", "-c", "cat /dev/null; cat /dev/null")
        let pids = Set(try mapfray("events", log, "--pid", "all").lines.map { $0.split(separator: " ")[1] })
        #expect(pids.count == 3)
        let pid = String(try #require(pids.first))
        #expect(
            Set(try mapfray("events", log, "--pid", pid).lines.map { $0.split(separator: " ")[1] }) == [
                pid[...]
            ])
    }

    @Test func `a reader that goes away ends it quietly`() throws {
        let result = try run(
            "/bin/sh", ["-c", "\"$0\" events \"$1\" | head -n 1", mapfrayPath(), workload.log])
        #expect(result.lines.count == 1)
        #expect(result.errors.isEmpty)
    }

    @Test func `a full disk is no success`() throws {
        let result = try run(
            "/bin/sh", ["-c", "\"$0\" events \"$1\" > /dev/full", mapfrayPath(), workload.log])
        #expect(result.status == 1)
        #expect(result.errors.contains("cannot write to standard output: No space left on device"))
    }
}
