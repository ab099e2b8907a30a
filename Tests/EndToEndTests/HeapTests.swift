import Foundation
import Testing

/// The heap where it begins: right behind the program, if addresses are not randomized, or where a child's parent was told.
@Suite struct HeapTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let source = """
        #include <unistd.h>
        static char zeros[10 * 4096];
        int main(int count, char **arguments)
        {
            if (count > 1)
                zeros[sizeof zeros - 1] = 1;
            char *begin = sbrk(2 * 4096);
            *begin = 1;
            sbrk(4096);
            brk(begin);
            sbrk(3 * 4096);
            return (unsigned long)(begin - sizeof zeros) < (unsigned long)zeros + 4096 ? 0 : 77;
        }
        """

    @Test(.enabled(if: access("/usr/bin/setarch", X_OK) == 0, "needs setarch"), arguments: [[], ["written"]])
    func `it is no part of the program's own zeros`(arguments: [String]) throws {
        let program = try scratch.compile("program", Self.source, ["-O0"])
        let log = scratch.file("log")
        let recorded = try run(
            "/usr/bin/setarch",
            ["-R", mapfrayPath(), "record", "--quiet", "-o", log, "--", program] + arguments)
        #expect(recorded.status == 0, "\(recorded.errors)")
        let verified = try mapfray("verify", log, "--json")
        #expect(verified.status == 0, "\(verified.text)")
        let corrections = try #require(verified.object["corrections"] as? [String: Int])
        #expect(corrections["snapshot"] == 0)
    }

    /// Only the parent asks where the break is.
    private static let forking = """
        #include <sys/wait.h>
        #include <unistd.h>
        int main(void)
        {
            int status = 1;
            char *begin = sbrk(0);
            if (fork() == 0) {
                *(char *)sbrk(3 * 4096) = 1;
                brk(begin + 4096);
                _exit(sbrk(0) == begin + 4096 ? 0 : 77);
            }
            wait(&status);
            return status;
        }
        """

    @Test func `a child begins it where its parent found the break`() throws {
        try expectExact(Self.forking)
    }

    /// The parent's heap is in three pieces.
    @Test func `a child goes on behind its last piece`() throws {
        try expectExact(
            """
            #include <stdint.h>
            #include <sys/mman.h>
            #include <sys/wait.h>
            #include <unistd.h>
            int main(void)
            {
                int status = 1;
                char *begin = sbrk(20 * 4096), *middle = (char *)(((uintptr_t)begin + 8 * 4096) & -4096L);
                if (madvise(middle, 4096, MADV_DONTDUMP))
                    return 2;
                if (fork() == 0) {
                    *(char *)sbrk(3 * 4096) = 1;
                    _exit(sbrk(0) == begin + 23 * 4096 ? 0 : 77);
                }
                wait(&status);
                return status;
            }
            """)
    }

    private func expectExact(_ source: String) throws {
        let program = try scratch.compile("forking", source)
        let log = scratch.file("log")
        let recorded = try run(mapfrayPath(), ["record", "--quiet", "-o", log, "--", program])
        #expect(recorded.status == 0, "\(recorded.errors)")
        for name in try scratch.contents("log") {
            let verified = try mapfray("verify", "\(log)/\(name)", "--json")
            #expect(verified.status == 0, "\(verified.text)")
            let corrections = try #require(verified.object["corrections"] as? [String: Int])
            #expect(corrections["snapshot"] == 0)
        }
    }
}
