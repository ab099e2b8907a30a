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
        try differences(name, Self.source(writes: writes), shown: shown)
    }

    private func differences(_ name: String, _ source: String, shown: Int) throws -> Int {
        let scratch = try Scratch()
        let program = try scratch.compile(name, source)
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

    /// From one place first what makes memory that is not written one, then what changes nothing between two that were
    /// written apart.
    private static let changingNothing = """
        #define _GNU_SOURCE
        #include <sys/mman.h>
        enum { PAGE = 4096, JOINED = 1000, ALL = 1200 };
        static char *map(char *at, int is_written)
        {
            char *page = mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
            if (is_written)
                *page = 1;
            return page;
        }
        __attribute__((optimize("O0"))) /* one call, not one for each kind */
        int main(void)
        {
            char *area = (char *)(1UL << 44);
            for (long i = 0; i < ALL; i++) {
                char *page = map(area + (i < JOINED ? i : 4 * i) * PAGE, i >= JOINED);
                if (i >= JOINED) {
                    map(page + 2 * PAGE, 1);
                    page = map(page + PAGE, 1);
                }
                if (madvise(page, PAGE, i < JOINED ? MADV_DONTDUMP : i % 2 ? MADV_NORMAL : MADV_POPULATE_READ))
                    return 1;
            }
            return 0;
        }
        """

    @Test func `a call that changes nothing joins nothing`() throws {
        #expect(try differences("changing-nothing", Self.changingNothing, shown: 500) == 0)
        #expect(try differences("changing-nothing", Self.changingNothing, shown: .max) == 0)
    }

    @Test func `where it is written no habit is made`() throws {
        #expect(try differences("touched", writes: true, shown: 1000) == 0)
    }
}
