import Foundation
import MapPlayer
import Testing

/// The twelve questions that people with this failure ask, each asked as a user types it, of a real program, and
/// answered by something that knows nothing of mapfray.
@Suite struct TwelveQuestionsTests {
    private let scratch: Scratch
    private static let python = QuestionPrograms.python

    init() throws { scratch = try Scratch() }

    // MARK: the tools of the trade

    /// Records a command to a folder of that name; gives what the command wrote.
    @discardableResult
    private func record(
        _ name: String, _ command: [String], options: [String] = [], environment: [String: String] = [:]
    ) throws -> Execution {
        let words = ["record", "--quiet", "-o", scratch.file(name)] + options + ["--"] + command
        let result = try run(mapfrayPath(), words, environment: environment)
        guard try !scratch.contents(name).isEmpty else { throw Unexpected(result.errors) }
        return result
    }

    private func ask(_ verb: String, _ name: String, _ words: String...) throws -> Execution {
        try run(mapfrayPath(), [verb, scratch.file(name)] + words)
    }

    /// The answer with every line break a blank.
    private func words(_ answer: Execution) -> String {
        answer.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    private func sites(_ name: String) throws -> [[String: Any]] {
        try #require(try ask("sites", name, "--json").object["sites"] as? [[String: Any]])
    }

    private func vmas(_ name: String, _ key: String = "peak") throws -> Int {
        let vmas = try #require(try ask("report", name, "--json").object["vmas"] as? [String: Any])
        return try #require(vmas[key] as? Int)
    }

    // MARK: 1, 2, 7, 8: it died

    @Test
    func `1, 2, 7, 8: was it max_map_count, who holds them, what do I change, does a higher limit help`()
        throws
    {
        let said = try SteadyLimit.with { limit in
            try #require(limit == MapLimit.usual, "this test wants the kernel's default limit")
            return try record("died", QuestionPrograms.fibers(40_000, alive: 40_000)).lines
        }
        #expect(said.first == "can't set a guard page: Cannot allocate memory")
        let report = words(try ask("report", "died"))
        #expect(report.hasPrefix("This is vm.max_map_count: "))
        // A stack that splits twice is refused one VMA earlier.
        #expect(report.contains(/4096, PROT_NONE\) failed with ENOMEM, at 65,5(29|30) VMAs of 65,530 \(/))
        // Ruby rolls back what it could not guard, and counts its guards after that.
        let guards = try #require(Int(said[1]))
        let first = try #require(try sites("died").first)
        let held = try #require(first["last"] as? Int)
        #expect(abs(held - 2 * guards) * 50 <= held, "\(held) VMAs held, \(guards) guards")
        #expect(first["pattern"] as? String == "guard-page")
        #expect((first["share"] as? Double ?? 0) > 0.99)
        let frames = try #require(first["frames"] as? [[String: Any]])
        #expect(
            (frames.first { $0["module"] as? String != "libc.so.6" }?["module"] as? String)?
                .hasPrefix("libruby") == true)
        // What it advises, done: fewer fibers alive at once.
        #expect(report.contains("keep fewer alive by limiting concurrency"))
        let mended = try record("mended", QuestionPrograms.fibers(40_000, alive: 1000)).lines
        #expect(mended.count == 2)
        #expect(try vmas("mended") < 2500)
        #expect(words(try ask("report", "mended")).hasPrefix("No call failed at a limit."))
        // More room only delays it: nothing is known behind the failure, and it was still growing.
        #expect(report.contains("sysctl -w vm.max_map_count=262144 (host-wide; delays it by "))
        let higher = words(try ask("whatif", "died", "--limit", "262144"))
        #expect(higher.contains("no recorded call up to call"), "\(higher)")
    }

    @Test(.enabled(if: MapLimit.canBeSet, MapLimit.whySkipped))
    func `8: the limit that would have been enough is the one that is enough`() throws {
        let (under, count) = (scratch.file("enough"), "40000")
        let said = try MapLimit.with(131_072) {
            try run(
                mapfrayPath(),
                ["record", "--quiet", "-o", under, "--"] + QuestionPrograms.fibers(40_000, alive: 40_000))
        }
        #expect(said.lines.count == 2, "\(said.text) \(count)")
        let peak = try vmas("enough")
        let tried = words(try ask("whatif", "enough", "--limit", String(peak + 8)))
        #expect(tried.contains("no recorded call would fail for it."), "\(tried)")
        let usual = words(try ask("whatif", "enough", "--limit", "65530"))
        #expect(usual.hasPrefix("With vm.max_map_count=65,530 the first call to fail is "), "\(usual)")
        #expect(usual.contains(": mprotect(0x") && usual.contains("4096, PROT_NONE) = ENOMEM, at 65,5"))
    }

    @Test func `1: or was it another limit`() throws {
        let script = "ulimit -v 300000; exec \(Self.python) -c 'x = bytearray(1 << 30)'"
        let said = try record("other", ["bash", "-c", script])
        #expect(said.status == 1 && said.errors.contains("MemoryError"))
        let report = words(try ask("report", "other"))
        #expect(report.hasPrefix("This is not vm.max_map_count but RLIMIT_AS (ulimit -v): "), "\(report)")
        #expect(report.contains("exceed RLIMIT_AS, 293 MiB."))
        #expect(report.contains("Change Map less, or raise RLIMIT_AS"))
        #expect(!report.contains("sysctl"))
    }

    // MARK: 3, 9: since when, and since which version

    @Test func `3: which library introduced the growth, and since when`() throws {
        let library = try scratch.compileService("one", leaks: "open_session")
        let said = try record("growth", QuestionPrograms.service(library, quiet: 1, leaks: 750))
        let times = said.lines.compactMap { Double($0) }.map { $0 / 1e9 }
        #expect(times.count == 753)
        let document = try ask("sites", "growth", "--json", "--sort", "growth").object
        let rows = try #require(document["sites"] as? [[String: Any]])
        let first = try #require(rows.first)
        #expect(first["name"] as? String == "open_session@libservice.so")
        // Two VMAs for each leak. The rate since it last changed is one that the program had for a while.
        let growth = (first["growth_per_second"] as? Double ?? 0) / 2
        // On a busy machine it takes its time to end, and does not grow then.
        let last = try #require(try ask("events", "growth").lines.last?.split(separator: " ").first)
        let end = try #require(Double(last)) / 1e9
        let rates = Self.rates(of: Array(times.dropFirst(3)), end: end)
        let (lowest, highest) = (rates.min() ?? 0, rates.max() ?? 0)
        #expect(growth > 0.85 * lowest && growth < 1.15 * highest, "\(first) \(rates)")
        #expect(first["vmas"] as? Int == 1500)
        // What was there before holds more, and does not grow.
        let largest = try #require(rows.max { ($0["vmas"] as? Int ?? 0) < ($1["vmas"] as? Int ?? 0) })
        #expect(largest["vmas"] as? Int ?? 0 >= 2000)
        #expect(abs(largest["growth_per_second"] as? Double ?? 1) < 1)
        let delay = (first["first_time"] as? Double ?? 0) - (largest["first_time"] as? Double ?? 0)
        #expect(
            delay >= times[2] - times[1] - 1e-6 && delay <= times[3] - times[0] + 1e-6, "\(times.prefix(4))")
        let modules = words(try ask("sites", "growth", "--by", "module", "--sort", "growth"))
        #expect(modules.contains(" libservice.so "), "\(modules)")
    }

    /// When the first record of a log was written, nanoseconds.
    private func begin(_ name: String) throws -> UInt64 {
        try #require(
            try ask("events", name).lines.first?.split(separator: " ").first.flatMap { UInt64($0) })
    }

    /// Events per second: of each tenth, and from each event but the last ten to the end.
    private static func rates(of times: [Double], end: Double) -> [Double] {
        let tenth = (times.count - 1) / 10
        let ends = (0...10).map { times[$0 * tenth] }
        let tenths = zip(ends, ends.dropFirst()).map { Double(tenth) / ($1 - $0) }
        return tenths + times.enumerated().dropLast(10).map { Double(times.count - $0) / (end - $1) }
    }

    @Test func `9: did the upgrade make it worse`() throws {
        let old = try scratch.compileService("one", leaks: "open_session")
        let new = try scratch.compileService("two", leaks: "keep_alive")
        try record("old", QuestionPrograms.service(old, quiet: 0, leaks: 20))
        try record("new", QuestionPrograms.service(new, quiet: 0, leaks: 300))
        let gate = try run(
            mapfrayPath(),
            [
                "diff", scratch.file("old"), scratch.file("new"), "--fail-if", "new-site>500", "--fail-if",
                "peak>9000",
            ])
        #expect(gate.status == 2, "\(gate.errors)")
        let answer = words(gate)
        #expect(answer.contains("keep_alive@libservice.so (new)"), "\(answer)")
        #expect(answer.contains("open_session@libservice.so (gone)"), "\(answer)")
        #expect(answer.contains("+600"), "\(answer)")
        #expect(try ask("diff", "old", scratch.file("old"), "--fail-if", "new-site>0").status == 0)
    }

    // MARK: 4: which kind

    @Test(arguments: [
        (
            "leak",
            [
                "ruby", "-e",
                "a = []; 10_000.times { f = Fiber.new { Fiber.yield }; f.resume; a << f; sleep 1e-4 }",
            ]
        ),
        (
            "concurrency",
            [
                Self.python, "-c",
                """
                import threading, time
                threading.stack_size(8 << 20)
                for wave in range(4):
                    every = threading.Barrier(120)
                    work = lambda: (every.wait(), time.sleep(0.1))
                    threads = [threading.Thread(target=work) for _ in range(120)]
                    for thread in threads: thread.start()
                    for thread in threads: thread.join()
                    time.sleep(0.1)
                """,
            ]
        ),
        (
            "fragmentation",
            [
                "perl", "-e",
                """
                srand 1; my @k;
                for my $round (1..100) {
                    for (1..400) { $k[int rand 20000] = "x" x (200 + int(rand(60)) ** 2 * 20) }
                    $k[int rand 20000] = undef for 1..200;
                }
                """,
            ]
        ),
    ])
    func `4: is it a leak, a peak of concurrency, or fragmentation`(shape: String, command: [String]) throws {
        let settings =
            shape == "fragmentation"
            ? [
                "LD_PRELOAD": "libjemalloc.so.2",
                "MALLOC_CONF": "retain:false,dirty_decay_ms:0,muzzy_decay_ms:0",
            ] : [:]
        // Threads that end leave their stacks in glibc's cache: that is less than a wave.
        let said = try record("kind", command, environment: settings)
        #expect(said.status == 0, "\(said.errors)")
        let report = try ask("report", "kind")
        #expect(report.text.contains("\nShape     \(shape)"), "\(report.text)")
        #expect(try vmas("kind") > 250)
    }

    // MARK: 5: why they do not merge

    @Test func `5: why these neighbours are not one VMA`() throws {
        let script = """
            import ssl, sqlite3, mmap, time
            print(time.clock_gettime_ns(time.CLOCK_MONOTONIC), flush=True)
            print(open("/proc/self/maps").read())
            """
        let said = try record("apart", [Self.python, "-c", script]).lines
        let instant = try #require(said.first)
        let lines = said.dropFirst().map {
            $0.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
        }
        .filter { $0.count >= 5 && !($0.last?.contains("[v") ?? false) }
        let ranges = lines.map { $0[0].split(separator: "-") }
        let touching = zip(ranges, ranges.dropFirst()).enumerated().filter { $1.0[1] == $1.1[0] }.map(
            \.offset)
        var asked = 0
        for left in touching.shuffled().prefix(12) {
            let (one, other) = (lines[left], lines[left + 1])
            let story = try ask("explain", "apart", String(ranges[left][0]), "--at", "@\(instant)", "--json")
                .object
            guard let next = story["next"] as? [String: Any], let reasons = next["reasons"] as? [String],
                (next["maps"] as? String)?.hasPrefix(one[0].split(separator: "-")[1]) == true
            else { continue }
            asked += 1
            let all = reasons.joined(separator: "; ")
            #expect(!reasons.isEmpty)
            #expect(
                (one[1].prefix(3) != other[1].prefix(3))
                    == all.contains("the rights differ (\(one[1]) and \(other[1]))"),
                "\(all)")
            let files = one[4] != other[4]
            #expect(
                files == (all.contains("different files") || all.contains("maps a file and the other")),
                "\(all)")
        }
        #expect(asked >= 8)
    }

    // MARK: 6: when it dies

    /// Records a program that grows by the clock, anew where the machine kept it waiting for long; gives what it says, or
    /// nil if that is always so.
    private func grow(_ name: String, _ steps: Int, tells: Int) throws -> [UInt64]? {
        for _ in 0..<5 {
            try? FileManager.default.removeItem(atPath: scratch.file(name))
            let said = try record(name, QuestionPrograms.growing(steps, tells: tells)).lines
            let numbers = said.compactMap { UInt64($0) }
            if numbers.count == 3, numbers[2] < 100_000_000 { return numbers }
        }
        print("skipped: in five runs the machine kept a program that wants 2 ms waiting for 100 ms")
        return nil
    }

    @Test func `6: when will it die, and is it safe for the weekend`() throws {
        // To its end, and the same up to its half: the second knows nothing of what the first did later.
        guard let whole = try grow("whole", 2500, tells: 2400), let half = try grow("half", 1250, tells: -1)
        else { return }
        // From where each began to grow; they start at a pace of their own.
        let truth = Double(whole[1] - whole[0] + half[0] - (try begin("half"))) / 1e9
        let limit = String(try vmas("half", "first") + 2400 + 10)
        let answer = try ask("forecast", "half", "--limit", limit, "--json").object
        let forecast = try #require(answer["forecast"] as? [String: Any])
        #expect(forecast["verdict"] as? String == "will-hit", "\(forecast)")
        let (low, high) = (forecast["low"] as? Double ?? 0, forecast["high"] as? Double ?? 0)
        #expect(low <= truth + 0.3 && truth - 0.3 <= high, "\(low) \(truth) \(high)")
        let gate = try ask("report", "half", "--limit", limit, "--fail-if", "hits-within 2d")
        #expect(gate.status == 2)
        #expect(words(gate).contains("Forecast reaches the limit "))
        // One that holds what it has is safe.
        try record(
            "still",
            [
                Self.python, "-c",
                "import mmap, time; a = [mmap.mmap(-1, 4096) for _ in range(900)]; time.sleep(2)",
            ])
        let safe = try ask("report", "still", "--fail-if", "hits-within 2d")
        #expect(safe.status == 0)
        #expect(words(safe).contains("Forecast no trend towards the limit"))
    }

    // MARK: 10, 12: days in a pod, and trust

    /// Bytes of the flight recorder.
    private static let ring = 4 << 20

    @Test func `10, 12: it takes days and dies in a pod: how do I capture it, and can I trust that`() throws {
        // No `record` in front, a log that cannot grow, an end that nobody foresees.
        let log = scratch.file("pod")
        let environment = try preloadEnvironment(log).merging(["MAPFRAY_FLIGHT_RECORDER": String(Self.ring)])
        { $1 }
        let script = """
            import mmap, os, signal, sys
            held = []
            for number in range(60000):
                block = mmap.mmap(-1, 4096)
                if number % 100 == 0: held.append(block)
                else: block.close()
            os.kill(os.getpid(), signal.SIGSTOP)
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.python)
        process.arguments = ["-c", script]
        process.environment = environment
        try process.run()
        let stat = "/proc/\(process.processIdentifier)/stat"
        for _ in 0..<3000
        where try MapsLines.procText(stat).split(separator: ")").last?.hasPrefix(" T") != true {
            usleep(20_000)
        }
        let maps = try MapsLines.procText("/proc/\(process.processIdentifier)/maps")
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        let size = try scratch.contents("pod").reduce(0) { sum, name in
            sum + (try FileManager.default.attributesOfItem(atPath: "\(log)/\(name)")[.size] as? Int ?? 0)
        }
        #expect(size < 3 * Self.ring, "\(size) bytes for 120,000 calls")
        let rebuilt = try ask("maps", "pod", "--pid", String(process.processIdentifier)).lines
        let kernel = maps.split(separator: "\n").filter {
            !$0.contains("libmapfray") && !$0.contains(".mapfray")
        }
        let difference = Set(rebuilt.compactMap { MapsLines.comparable($0) })
            .symmetricDifference(kernel.compactMap { MapsLines.comparable($0) })
        #expect(difference.count <= 4, "\(difference.sorted())")
        let report = words(try ask("report", "pod", "--pid", String(process.processIdentifier)))
        #expect(report.contains("exit status not seen"), "\(report)")
        #expect(report.contains("Trust replay equals the kernel at"))
        #expect(try ask("verify", "pod", "--pid", String(process.processIdentifier)).status == 0)
    }

    // MARK: 11: may I send it away

    @Test func `11: can I send this to the vendor`() throws {
        let library = try scratch.compileService("one", leaks: "open_session")
        let secret = "correct-horse-\(UUID().uuidString)"
        let command = QuestionPrograms.service(library, quiet: 0, leaks: 200)
        let script = "import os; text = os.environ['PASSWORD'] * 100\n" + (command.last ?? "")
        try record("mine", [Self.python, "-c", script], environment: ["PASSWORD": secret])
        // What was in memory and in the environment is not in the log.
        for name in try scratch.contents("mine") {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: scratch.file("mine/\(name)")))
            #expect(bytes.range(of: Data(secret.utf8)) == nil)
        }
        let here = try sites("mine")
        // One file, unpacked where the program is not.
        let packed = scratch.file("log.tar.gz")
        #expect(try run("/usr/bin/tar", ["czf", packed, "mine"], in: scratch.path).status == 0)
        let vendor = try Scratch()
        #expect(try run("/usr/bin/tar", ["xzf", packed], in: vendor.path).status == 0)
        let root = vendor.file("root")
        try FileManager.default.createDirectory(
            atPath: root + scratch.file("one"), withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: library, toPath: root + library)
        let there = try mapfray("sites", vendor.file("mine"), "--json").object
        let rows = try #require(there["sites"] as? [[String: Any]])
        // Without the library's symbols its two calls are two places, and no name is guessed.
        let leaks = rows.filter { ($0["name"] as? String)?.hasPrefix("libservice.so+0x") == true }
        #expect(leaks.count == 2)
        let held = { (sites: [[String: Any]]) in sites.reduce(0) { $0 + ($1["vmas"] as? Int ?? 0) } }
        #expect(held(leaks) == 400 && held(rows) == held(here))
        // The vendor has the library, by the build-id that the log knows.
        let named = try mapfray("sites", vendor.file("mine"), "--json", "--sysroot", root).object
        let names = (named["sites"] as? [[String: Any]])?.compactMap { $0["name"] as? String }
        #expect(names?.contains("open_session@libservice.so") == true)
    }
}
