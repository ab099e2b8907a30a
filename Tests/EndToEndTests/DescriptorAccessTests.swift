import AddressSpace
import Foundation
import Testing
import TraceLog

/// What a descriptor was opened for decides whether a shared mapping of it may ever be written. No call shows that;
/// the tracer asks.
@Suite struct `Access of a descriptor` {
    private static let page: UInt64 = 4096
    private static let pages: UInt64 = 64

    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Maps a file through descriptors that can write and that cannot, tries to make the mappings writable, and prints
    /// where they lie and then its smaps.
    private static let program = """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <fcntl.h>
        #include <stdio.h>
        #include <sys/mman.h>
        #include <unistd.h>
        enum { PAGE = \(page), PAGES = \(pages) };
        static char *area, text[1 << 16];
        static void map(int page, int pages, int flags, int descriptor)
        {
            mmap(area + page * PAGE, pages * PAGE, PROT_READ, flags | MAP_FIXED, descriptor, page * PAGE);
        }
        static int refused(int page, int pages)
        {
            errno = 0;
            return mprotect(area + page * PAGE, pages * PAGE, PROT_READ | PROT_WRITE) != 0 && errno == EACCES;
        }
        static void tell(void)
        {
            int list = open("/proc/self/smaps", O_RDONLY);
            ssize_t size;
            dprintf(1, "%lx\\n", (long)area);
            while ((size = read(list, text, sizeof text)) > 0)
                if (write(1, text, size) != size)
                    _exit(9);
        }
        int main(int count, char **arguments)
        {
            int reader = open(arguments[1], O_RDONLY), writer = open(arguments[1], O_RDWR);
            int zero = open("/dev/zero", O_RDONLY), again;
            area = mmap(0, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            /* Two of each become one; the two kinds stay apart. */
            map(0, 2, MAP_SHARED, reader);
            map(2, 2, MAP_SHARED, reader);
            map(4, 2, MAP_SHARED, writer);
            map(6, 2, MAP_SHARED, writer);
            if (!refused(1, 1) || refused(5, 1))
                return 1;
            /* What lies before the mapping that refuses is changed. */
            map(16, 2, MAP_PRIVATE | MAP_ANONYMOUS, -1);
            map(18, 2, MAP_SHARED, reader);
            map(24, 2, MAP_SHARED, writer);
            map(26, 2, MAP_SHARED, reader);
            if (!refused(16, 4) || !refused(24, 4))
                return 2;
            /* The access goes along, and is a new one where the number is opened anew. */
            mremap(area + 2 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, area + 32 * PAGE);
            close(writer);
            again = open(arguments[1], O_RDONLY);
            map(40, 2, MAP_SHARED, again);
            if (again != writer || !refused(32, 1) || !refused(40, 1))
                return 3;
            /* No memory that could be shared: contiguous, so one. */
            map(48, 2, MAP_SHARED, zero);
            map(50, 2, MAP_SHARED, zero);
            if (!refused(48, 1))
                return 4;
            tell();
            return 0;
        }
        """

    /// One line for each VMA of the area, with its smaps flags; `sd` is the page's business.
    private func kernel(_ lines: some Sequence<Substring>, in area: Range<UInt64>) -> [String] {
        var result: [String] = []
        var head: Substring?
        for line in lines {
            let words = line.split(separator: " ")
            let bounds = (words.first ?? "").split(separator: "-").compactMap { UInt64($0, radix: 16) }
            if bounds.count == 2 {
                head = bounds[0] < area.upperBound && bounds[1] > area.lowerBound ? words[0] : nil
            }
            guard words.first == "VmFlags:", let range = head else { continue }
            result.append(
                "\(range) " + words.dropFirst().filter { $0 != "sd" }.sorted().joined(separator: " "))
        }
        return result
    }

    /// The same of the model, told by the calls alone; `withAccess`: and by what the tracer asked of descriptors.
    private func model(_ log: String, in area: Range<UInt64>, withAccess: Bool = true) throws -> [String] {
        let name = try #require(try scratch.contents(log).first)
        var reader = try LogReader(path: scratch.file("\(log)/\(name)"))
        var space = AddressSpace(rules: KernelRules(reader.facts))
        while let entry = reader.next() {
            space.learn(reader.definitions)
            switch entry {
            case .snapshot(let snapshot) where snapshot.reason == .start: _ = space.adopt(snapshot)
            case .call(var call):
                if !withAccess { call.observedRights = Call.unknownRights }
                space.apply(call)
            case .observed(let range, let unsettled, _): space.reconcile(range, unsettled: unsettled)
            case .grown(let ranges, _): for range in ranges { space.noteGrowth(range) }
            default: break
            }
        }
        var result: [String] = []
        space.forEach(from: area.lowerBound) { vma in
            guard vma.start < area.upperBound else { return false }
            let bounds = "\(String(vma.start, radix: 16))-\(String(vma.end, radix: 16)) "
            result.append(bounds + vma.flags.names.filter { $0 != "sd" }.sorted().joined(separator: " "))
            return true
        }
        return result
    }

    /// In a temporary folder, and in memory, which has rules of its own.
    @Test(arguments: ["", "/dev/shm/"])
    func `a shared mapping may be written if its descriptor could write, and only then`(folder: String) throws
    {
        let program = try scratch.compile("program", Self.program)
        let file = folder.isEmpty ? scratch.file("data") : folder + "mapfray-\(UUID().uuidString)"
        try Data(count: Int(Self.pages * Self.page)).write(to: URL(fileURLWithPath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        let recorded = try mapfray("record", "--quiet", "-o", scratch.file("log"), "--", program, file)
        #expect(recorded.status == 0, "\(recorded.errors)")
        let start = try #require(recorded.lines.first.flatMap { UInt64($0, radix: 16) })
        let area = start..<start + Self.pages * Self.page
        let kernel = kernel(recorded.lines, in: area)
        #expect(kernel.count > 15)
        #expect(try model("log", in: area) == kernel)
        #expect(try model("log", in: area, withAccess: false) != kernel)
        let verified = try mapfray("verify", scratch.file("log"), "--json")
        #expect(verified.status == 0, "\(verified.text)")
    }
}
