import Foundation
import Testing

/// The heap where it begins right behind the program: the kernel puts it there if addresses are not randomized.
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
}
