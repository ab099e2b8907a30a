import Foundation
import Testing

/// Each cause for which the kernel refuses a call is provoked, and the verdict read.
@Suite struct VerdictTests {
    private let scratch: Scratch
    private let program: String

    init() throws {
        scratch = try Scratch()
        program = try scratch.compileWorkload("refused", ["-pthread"])
    }

    private func provoke(_ cause: String) throws -> (said: String, report: [String: Any]) {
        let log = scratch.file(cause)
        let result = try mapfray("record", "--quiet", "-o", log, "--", program, cause)
        guard result.status == 0 else { throw Unexpected(result.errors) }
        return (result.text, try mapfray("report", log, "--json").object)
    }

    /// Of the first failure of each kind.
    private func failures(_ report: [String: Any]) throws -> [[String: Any]] {
        try #require(report["failures"] as? [[String: Any]])
    }

    @Test(arguments: [
        ("rlimit_as", "rlimit_as", "1 GiB asked for exceed RLIMIT_AS, 512 MiB"),
        ("rlimit_data", "rlimit_data", "128 MiB asked for exceed RLIMIT_DATA, 64 MiB"),
        ("rlimit_data_unreserved", "rlimit_data", "128 MiB asked for exceed RLIMIT_DATA, 64 MiB"),
        (
            "address_space_low", "address_space",
            "no gap of 600 MiB is left between its mappings below 2 GiB (MAP_32BIT)"
        ),
        (
            "address_space_low_beyond_free", "address_space",
            "is left between its mappings below 2 GiB (MAP_32BIT)"
        ),
        ("overcommit", "overcommit", "100 TiB asked for exceed memory and swap (vm.overcommit_memory is 0)"),
        ("address_space", "address_space", "70 TiB are mapped and 70 TiB were asked for"),
        ("rlimit_memlock", "rlimit_memlock", "1 MiB asked for exceed RLIMIT_MEMLOCK, 64 KiB"),
    ])
    func `a limit in bytes is named, with how far it was`(act: String, cause: String, reason: String) throws {
        let (said, report) = try provoke(act)
        #expect(said.contains(" ENOMEM\n"))
        let failure = try #require(report["failure"] as? [String: Any])
        #expect(failure["cause"] as? String == cause)
        #expect((failure["reason"] as? String)?.contains(reason) == true)
        #expect((failure["seen"] as? String)?.hasSuffix("with ENOMEM") == true)
        let limits = try #require(failure["limits"] as? [[String: Any]])
        let names = limits.compactMap { $0["name"] as? String }
        #expect(
            Set(names).isSuperset(of: ["vm.max_map_count", "RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_MEMLOCK"]))
        let text = try mapfray("report", scratch.file(act)).text
        #expect(text.hasPrefix("This is not vm.max_map_count but "))
        #expect(text.contains("\nLimits    "))
    }

    /// Lists of the map are as large as what a small one keeps.
    @Test(arguments: ["4M", "8M", "16M", "64M"])
    func `a flight recorder of any size knows which call failed at the map limit`(size: String) throws {
        let limit =
            Int(try String(contentsOfFile: "/proc/sys/vm/max_map_count", encoding: .utf8).dropLast()) ?? 0
        guard limit <= 100_000 else {
            return print("skipped: vm.max_map_count is \(limit), lists would not fit")
        }
        let log = scratch.file("recorder" + size)
        let hit = try scratch.compileWorkload("hit-limit")
        let result = try mapfray(
            "record", "--quiet", "--flight-recorder", size, "-o", log, "--", hit, "map", "\(limit + 10)")
        #expect(result.status == 0 && result.text.contains(" mmap ENOMEM "))
        let report = try mapfray("report", log, "--json").object
        let failure = try #require(report["failure"] as? [String: Any])
        #expect(failure["cause"] as? String == "max_map_count" && failure["count"] as? Int == limit + 1)
        #expect(
            (failure["frames"] as? [[String: Any]])?.contains { $0["function"] as? String == "map_one" }
                == true)
    }

    @Test func `memory mapped locked above the limit says EAGAIN`() throws {
        let (said, report) = try provoke("rlimit_memlock")
        #expect(said.contains("mmap EAGAIN"))
        let failures = try failures(report)
        #expect(
            failures.contains {
                $0["errno"] as? String == "EAGAIN" && $0["cause"] as? String == "rlimit_memlock"
            })
    }

    @Test(arguments: [
        ("hole", "mprotect ENOMEM", "8 KiB of its range, from 0x"),
        ("sealed", "munmap EPERM", "in its range is sealed (mseal)"),
        ("huge_pages", "mmap ENOMEM", "of huge pages (MAP_HUGETLB) were asked for"),
    ])
    func `what is no limit is told apart from one`(cause: String, answer: String, reason: String) throws {
        let (said, report) = try provoke(cause)
        if cause == "sealed", said.isEmpty { return }
        #expect(said.contains(answer))
        #expect(report["failure"] is NSNull)
        let failures = try failures(report)
        #expect(failures.allSatisfy { $0["cause"] as? String == cause } && !failures.isEmpty)
        #expect((failures.first?["reason"] as? String)?.contains(reason) == true)
        let words = try mapfray("report", scratch.file(cause)).text.split { $0 == "\n" || $0 == " " }.joined(
            separator: " ")
        #expect(words.hasPrefix("No call failed at a limit."))
        #expect(words.contains(reason))
    }

    @Test(arguments: [
        ("thread", "pthread_create EAGAIN", "pthread_create returns EAGAIN"),
        ("malloc", "malloc ENOMEM", "it returns NULL with ENOMEM"),
        ("madvise", "madvise EAGAIN", "madvise returns -1 with EAGAIN"),
        ("munmap", "munmap ENOMEM", "munmap returns -1 with ENOMEM, and everything stays mapped"),
    ])
    func `the map limit is known in whatever the program sees of it`(
        act: String, answer: String, seen: String
    ) throws {
        let (said, report) =
            MapLimit.canBeSet ? try MapLimit.with(MapLimit.usual) { try provoke(act) } : try provoke(act)
        #expect(said.contains(answer))
        let failure = try #require(report["failure"] as? [String: Any])
        #expect(failure["cause"] as? String == "max_map_count")
        #expect((failure["seen"] as? String)?.contains(seen) == true)
        let frames = try #require(failure["frames"] as? [[String: Any]])
        #expect(frames.contains { $0["module"] as? String == "refused" })
    }

    @Test(
        .enabled(
            if: Overcommit.canBeSet, "vm.overcommit_memory may not be set here (it takes the host's root)"))
    func `the commit limit is named where it is enforced`() throws {
        let (said, report) = try Overcommit.never(above: 80 << 40) { try provoke("overcommit") }
        #expect(said == "mmap ENOMEM\n")
        let failure = try #require(report["failure"] as? [String: Any])
        #expect(failure["cause"] as? String == "overcommit")
        #expect(
            (failure["reason"] as? String)?.contains("exceed the commit limit (vm.overcommit_memory is 2)")
                == true)
    }

    // MARK: what no call tells

    @Test(
        .enabled(
            if: ControlGroup.isThere("memory"),
            "no control group of memory can be made here (version 1, root)"))
    func `a control group without memory kills, and the report says what that may mean`() throws {
        let group = try ControlGroup("memory", ["memory.limit_in_bytes": "\(48 << 20)"])
        let log = scratch.file("log")
        let result = try mapfray(
            "record", "--quiet", "-o", log, "--", "sh", "-c", "\(group.join); exec \(program) cgroup")
        #expect(result.status == 128 + 9)
        let text = try mapfray("report", log).text.split { $0 == "\n" || $0 == " " }.joined(separator: " ")
        #expect(
            text.contains(
                "It was killed by signal 9: out of memory, if the kernel's log (dmesg) says oom-kill."))
    }

    @Test(
        .enabled(
            if: ControlGroup.isThere("pids"), "no control group of pids can be made here (version 1, root)"))
    func `threads that a control group refuses are no failure of the map`() throws {
        let group = try ControlGroup("pids", ["pids.max": "20"])
        let log = scratch.file("log")
        let result = try mapfray(
            "record", "--quiet", "-o", log, "--", "sh", "-c", "\(group.join); exec \(program) threads")
        #expect(result.text == "pthread_create EAGAIN\n")
        let report = try mapfray("report", log, "--json").object
        #expect(report["failure"] is NSNull)
        #expect(try failures(report).isEmpty)
    }
}
