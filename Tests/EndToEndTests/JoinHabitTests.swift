import AddressSpace
import Foundation
import Testing
import TraceLog

/// A program that makes so many calls that the kernel cannot be asked about each: the later answers are left out here.
@Suite struct `Habits of call sites` {
    /// Lets the heap grow and marks what lies below the newest page; writes where `writes` says.
    private static func source(writes: Bool) -> String {
        """
        #define _GNU_SOURCE
        #include <sys/mman.h>
        #include <unistd.h>
        enum { PAGE = 4096 };
        int main(void)
        {
            for (long i = 0; i < 2000; i++) {
                char *top = sbrk(PAGE);
                if (top == (char *)-1 || (i > 0 && madvise(top - PAGE, PAGE, MADV_DONTDUMP)))
                    return 1;
                if (\(writes ? 1 : 0))
                    *top = 1;
                if (i % 8 == 7 && (munmap(top - 4 * PAGE, PAGE) || sbrk(-PAGE) == (char *)-1))
                    return 2;
            }
            return 0;
        }
        """
    }

    /// How many VMAs the replay has wrong at the end, if it is shown the answers to the first `shown` calls alone.
    private func differences(_ name: String, writes: Bool, shown: Int) throws -> Int {
        let scratch = try Scratch()
        let program = try scratch.compile(name, Self.source(writes: writes))
        let recorded = try mapfray("record", "--quiet", "-o", scratch.file("log"), "--", program)
        #expect(recorded.status == 0, "\(recorded.errors)")
        let log = try #require(try scratch.contents("log").first { $0.hasSuffix(".mapfray") })
        var reader = try LogReader(path: scratch.file("log/\(log)"))
        var space = AddressSpace(pageSize: reader.facts.pageSize, rules: KernelRules(reader.facts))
        var (calls, wrong) = (0, -1)
        while let entry = reader.next() {
            switch entry {
            case .snapshot(let snapshot) where snapshot.reason == .start || snapshot.reason == .exit:
                let comparison = space.adopt(snapshot)
                if !comparison.isFirst { wrong = comparison.differences.count }
            case .call(var call):
                calls += 1
                if calls > shown { call.flags.remove(.hasObservation) }
                space.apply(call)
            default: break
            }
        }
        return wrong
    }

    @Test func `where answers showed that nothing is written, none is expected to be`() throws {
        #expect(try differences("untouched", writes: false, shown: .max) == 0)
        #expect(try differences("untouched", writes: false, shown: 1000) == 0)
        #expect(try differences("untouched", writes: false, shown: 0) > 100)
    }

    @Test func `where it is written no habit is made`() throws {
        #expect(try differences("touched", writes: true, shown: 1000) == 0)
    }
}
