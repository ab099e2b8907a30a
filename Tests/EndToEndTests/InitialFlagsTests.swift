import AddressSpace
import Foundation
import Testing
import TraceFormat
import TraceLog

/// The flags in the list at the start are told by rules; smaps, read by the program itself, has the last word.
@Suite struct `Flags in the list at the start` {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private struct Line: Equatable {
        var range: Range<UInt64>
        var flags: Set<String>
        var hasAnonymous: Bool
    }

    private func lines(ofSmaps text: String) -> [Line] {
        var result: [Line] = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            let ends = words[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            if ends.count == 2 {
                result.append(Line(range: ends[0]..<ends[1], flags: [], hasAnonymous: false))
            } else if let last = result.indices.last, words[0] == "VmFlags:" {
                result[last].flags = Set(words.dropFirst().map(String.init)).subtracting(["sd"])
            } else if let last = result.indices.last, words[0] == "Anonymous:" {
                result[last].hasAnonymous = words[1] != "0"
            }
        }
        return result
    }

    private func lines(ofLog log: String) throws -> [Line] {
        let name = try #require(try scratch.contents(log).first)
        var reader = try LogReader(path: scratch.file("\(log)/\(name)"))
        while let entry = reader.next() {
            guard case .snapshot(let snapshot) = entry, snapshot.reason == .start else { continue }
            #expect(snapshot.hasFlags)
            return snapshot.vmas.map {
                let flags = VMAFlags(rawValue: $0.flags).subtracting(.modelOnly)
                return Line(
                    range: $0.start..<$0.end, flags: Set(flags.names).subtracting(["sd"]),
                    hasAnonymous: $0.hasAnon)
            }
        }
        return []
    }

    @Test(arguments: [
        ["/bin/cat", "/proc/self/smaps"],
        ["/usr/bin/perl", "-e", "open F, '/proc/self/smaps'; print <F>"],
        ["/bin/bash", "-c", "while read -r line; do echo \"$line\"; done < /proc/self/smaps"],
        ["/usr/bin/python3", "-c", "print(open('/proc/self/smaps').read())"],
    ])
    func `are those of smaps`(command: [String]) throws {
        _ = try told(command)
    }

    /// Among them the tracer's stacks for Go's calls (stub_stacks.c), of which there is one.
    @Test func `are those of smaps where Go's note is`() throws {
        let program = try scratch.compile(
            "goes",
            """
            #include <stdio.h>
            __asm__(".text\\nmap: mov $9, %eax\\n syscall\\n ret\\n");
            __asm__(".section .note.go.buildid, \\"a\\", @note\\n.long 4, 4, 4\\n.asciz \\"Go\\"\\n.byte 0\\n.long 0\\n.text");
            int main(void)
            {
                FILE *smaps = fopen("/proc/self/smaps", "r");
                for (int byte; (byte = getc(smaps)) != EOF;) putchar(byte);
                return 0;
            }
            """)
        let stacks = try told([program]).filter { $0.range.count == 256 << 10 && $0.flags.contains("wr") }
        #expect(stacks.count == 1, "\(stacks)")
    }

    /// What the log has of the list, which must be what the program reads of its own.
    private func told(_ command: [String]) throws -> [Line] {
        let path = command[0].replacingOccurrences(of: "/", with: "-")
        let environment = try preloadEnvironment(scratch.file(path))
        let result = try run(command[0], Array(command.dropFirst()), environment: environment)
        let told = try lines(ofLog: path), shown = lines(ofSmaps: result.text)
        let both = told.filter { line in shown.contains { $0.range == line.range } }
        #expect(both.count > told.count / 2 && both.count > 15)
        for line in both {
            let smaps = try #require(shown.first { $0.range == line.range })
            #expect(line.flags == smaps.flags, "\(line) \(smaps)")
            // The program may have written to more by then.
            #expect(!line.hasAnonymous || smaps.hasAnonymous, "\(line)")
            let isRelocated = line.flags.isDisjoint(with: ["wr", "ex"]) && line.flags.contains("ac")
            #expect(!isRelocated || line.hasAnonymous)
        }
        return both
    }
}
