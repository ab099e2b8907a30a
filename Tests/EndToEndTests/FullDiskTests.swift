import Foundation
import Testing

/// A disk that fills up while recording. Only root can mount one that is small enough.
@Suite(.enabled(if: getuid() == 0, "a small file system is mounted, which takes root"))
struct FullDiskTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func withSmallDisk(_ options: String = "size=2m", _ body: (String) throws -> Void) throws {
        let disk = scratch.file("disk")
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: false)
        let mounted = try run("/bin/mount", ["-t", "tmpfs", "-o", options, "mapfray-test", disk])
        try #require(mounted.status == 0, "\(mounted.errors)")
        defer { _ = try? run("/bin/umount", [disk]) }
        try body(disk)
    }

    private func program() throws -> String {
        try scratch.compile(
            "churn",
            """
            #include <stdio.h>
            #include <sys/mman.h>
            int main(void) {
                char *start = mmap(0, 1 << 20, 3, 34, -1, 0);
                for (long i = 0; i < 200000; i++) mprotect(start + 8192, 4096, i % 2 ? 3 : 1);
                puts("done");
                return 7;
            }
            """)
    }

    @Test func `a disk that fills up is told of, and the command does not notice`() throws {
        let program = try program()
        try withSmallDisk { disk in
            let result = try mapfray("record", "-o", disk + "/log", program)
            #expect(result.text == "done\n")
            #expect(result.status == 7)
            let lines = result.errors.split(separator: "\n")
            #expect(lines.first?.contains("records were lost, because \(disk)/log could not grow") == true)
            #expect(
                lines.contains { $0.contains("of records are lost: the file could not grow (No space left") })
            #expect(result.errors.contains("No call that was recorded failed at a limit ("))
        }
    }

    @Test func `what would have been is doubted where records are lost`() throws {
        let program = try program()
        try withSmallDisk { disk in
            _ = try mapfray("record", "--quiet", "-o", disk + "/log", program)
            let lost = try #require(
                try mapfray("verify", disk + "/log", "--json").object["lost"] as? Int)
            #expect(lost > 0)
            for (change, more) in [
                (["--limit", "1000"], ""),
                (["--without", "main"], ", and no list of the kernel corrects a changed replay"),
            ] {
                let doubt = "\(lost) records were lost: what they mapped and unmapped is missing\(more)"
                let result = try run(mapfrayPath(), ["whatif", disk + "/log", "--json"] + change)
                #expect((result.object["doubts"] as? [String])?.contains(doubt) == true, "\(result)")
                let words = try run(mapfrayPath(), ["whatif", disk + "/log"] + change).text
                #expect(words.contains("\nDoubt     \(lost) records were lost"))
            }
        }
    }

    @Test func `a program that is executed when no log can be made any more is told of`() throws {
        // Of three inodes the disk's own folder takes one and the recording's another.
        try withSmallDisk("size=20m,nr_inodes=3") { disk in
            let script = "for i in 1 2 3; do /bin/true; done; echo done"
            let result = try mapfray("record", "-o", disk + "/log", "/bin/sh", "-c", script)
            #expect(result.text == "done\n" && result.status == 0)
            let words = result.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(
                words.contains(
                    "a program was executed unrecorded: the log's folder has no space left (3 times)"),
                "\(words)")
        }
    }

    @Test func `a disk without room is told of, and the command runs`() throws {
        let program = try program()
        try withSmallDisk { disk in
            try Data(count: 2 << 20).write(to: URL(fileURLWithPath: disk + "/fill"))
            let result = try mapfray("record", "-o", disk + "/log", program)
            #expect(result.text == "done\n")
            #expect(result.status == 7)
            #expect(
                result.errors == "mapfray: nothing was recorded to \(disk)/log: no space is left there; "
                    + "free some, or name another folder with -o\n")
        }
    }
}
