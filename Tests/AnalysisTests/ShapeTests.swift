import Analysis
import Testing
import TraceLog

struct ShapeTests {
    private let page = SyntheticLog.page

    @Test func `maps that are kept are a leak`() {
        var log = SyntheticLog()
        let stack = log.stack("libc.so.6", "mmap.cpython-311.so", "python3")
        for _ in 0..<3000 { log.map(stack: stack) }
        let report = log.investigated().report
        #expect(report.shape == .leak)
        #expect(report.sites.first?.pattern == "small-anonymous-maps")
        #expect(report.sites.first?.vmas == 3000)
    }

    @Test func `maps that are all given back on the way out are still a leak`() {
        var log = SyntheticLog()
        let stack = log.stack("liba.so")
        let addresses = (0..<3000).map { _ in log.map(stack: stack) }
        log.pace = 100_000
        for address in addresses { log.unmap(address, stack: stack) }
        #expect(log.investigated().report.shape == .leak)
    }

    /// Work comes and goes on top of what it grew to; at last a little is given back for good, or more is kept.
    @Test(arguments: [(0, Shape.plateau), (60, .plateau), (-60, .leak)])
    func `a height about which it goes up and down is a plateau`(kept: Int, expected: Shape) {
        var log = SyntheticLog()
        let stack = log.stack("liba.so")
        var addresses = (0..<300).map { _ in log.map(stack: stack) }
        for round in 0..<60 {
            let work = (0..<40).map { _ in log.map(stack: stack) }
            for address in work { log.unmap(address, stack: stack) }
            if kept > 0, round > 30 {
                for _ in 0..<kept / 30 { log.unmap(addresses.removeLast(), stack: stack) }
            }
            if kept < 0, round > 30 { for _ in 0..<(-kept / 10) { log.map(stack: stack) } }
        }
        #expect(log.investigated().report.shape == expected)
    }

    @Test func `fiber stacks cut out of pools by guard pages are a leak`() {
        var log = SyntheticLog()
        let pool = log.stack("libruby-3.1.so.3.1", offset: 0x100)
        let guardSite = log.stack("libc.so.6", "libruby-3.1.so.3.1", offset: 0x200)
        for _ in 0..<40 {
            let start = log.map(pages: 64 * 32, stack: pool)
            for fiber in 0..<64 { log.protect(start + UInt64(fiber) * 32 * page, 0, stack: guardSite) }
        }
        let report = log.investigated().report
        #expect(report.shape == .leak)
        #expect(report.sites.first?.pattern == "guard-page")
        #expect(report.sites.first?.advice.first?.contains("fiber_pool_expand") == true)
        #expect(report.sites.first?.advice.contains { $0.contains("MADV_GUARD_INSTALL") } == false)
    }

    @Test func `a few guarded objects beside a large heap are no fragmentation`() {
        for heap in [0, 100_000] {
            var log = SyntheticLog()
            let stack = log.stack("liba.so", offset: 0x100)
            if heap > 0 { log.map(pages: UInt64(heap), stack: log.stack("libheap.so")) }
            for _ in 0..<120 {
                let start = log.map(pages: 4, stack: stack)
                log.protect(start + 3 * page, 0, stack: stack)
            }
            let report = log.investigated().report
            #expect(report.sites.first?.pattern == "guard-page")
            #expect(report.shape == .leak)
        }
    }

    @Test func `guards cut into one pool are fragmentation`() {
        var log = SyntheticLog()
        let stack = log.stack("liba.so")
        let pool = log.map(pages: 4000, stack: stack)
        for index in 0..<1000 { log.protect(pool + UInt64(4 * index + 1) * page, 0, stack: stack) }
        let report = log.investigated().report
        #expect(report.sites.first?.pattern == "guard-page")
        #expect(report.shape == .fragmentation)
    }

    @Test func `libraries cut into segments by the loader are no fragmentation`() {
        var log = SyntheticLog()
        let stack = log.stack("ld-linux-x86-64.so.2", "libc.so.6", "emacs")
        log.map(pages: 100_000, stack: log.stack("emacs"))
        for _ in 0..<200 {
            let start = log.map(pages: 12, protection: 1, stack: stack)
            log.protect(start + 4 * page, pages: 4, 5, stack: stack)
        }
        let report = log.investigated().report
        #expect(report.sites.first?.pattern == "dlopen")
        #expect(report.shape == .leak)
    }

    @Test func `growth that stops is a plateau`() {
        var log = SyntheticLog()
        let stack = log.stack("liba.so")
        for _ in 0..<500 { log.map(stack: stack) }
        log.now += 2_000_000_000
        log.map(stack: stack)
        #expect(log.investigated().report.shape == .plateau)
    }

    @Test func `what an orderly end adds makes no leak of a plateau`() {
        var log = SyntheticLog()
        let stack = log.stack("liba.so")
        for _ in 0..<500 { log.map(stack: stack) }
        log.now += 2_000_000_000
        for _ in 0..<80 { log.map(stack: stack) }
        #expect(log.investigated().report.shape == .plateau)
    }

    @Test func `stacks made and dropped in bulk are concurrency`() {
        var log = SyntheticLog()
        let stack = log.stack("liba.so")
        for _ in 0..<5 {
            let stacks = (0..<300).map { _ in log.map(pages: 8, stack: stack) }
            for address in stacks { log.unmap(address, pages: 8, stack: stack) }
        }
        #expect(log.investigated().report.shape == .concurrency)
    }

    @Test func `threads' stacks with guards cut into them follow the load`() {
        var log = SyntheticLog()
        let heap = log.stack("libc.so.6", "libjvm.so", offset: 0x300)
        let stack = log.stack("libc.so.6", "server")
        log.map(pages: 1 << 20, protection: 0, stack: heap)
        for _ in 0..<4 {
            let stacks = (0..<300).map { _ in
                let start = log.map(pages: 64, protection: 0, flags: 0x2_0022, stack: stack)
                log.protect(start + page, pages: 63, 3, stack: stack)
                return start
            }
            for address in stacks { log.unmap(address, pages: 64, stack: stack) }
        }
        let report = log.investigated().report
        #expect(report.sites.first?.pattern == "thread-stacks")
        #expect(report.shape == .concurrency)
    }

    @Test func `holes punched into one arena are fragmentation`() {
        var log = SyntheticLog()
        let arena = log.stack("libjemalloc.so.2", offset: 0x100)
        let hole = log.stack("libjemalloc.so.2", offset: 0x200)
        let start = log.map(pages: 20_000, stack: arena)
        for index in 0..<4000 { log.unmap(start + UInt64(index * 5 + 2) * page, stack: hole) }
        let report = log.investigated().report
        #expect(report.shape == .fragmentation)
        #expect(report.sites.first?.pattern == "interior-munmap")
        #expect(report.sites.first?.split == 4000)
    }

    @Test func `an arena cut up at once after a long quiet is a cliff`() {
        var log = SyntheticLog()
        let arena = log.stack("libmimalloc.so.2")
        let start = log.map(pages: 20_000, stack: arena)
        log.now += 60_000_000_000
        for index in 0..<4000 { log.protect(start + UInt64(index * 5 + 2) * page, 0, stack: arena) }
        #expect(log.investigated().report.shape == .cliff)
    }

    @Test func `a just-in-time compiler that toggles one page is steady`() {
        var log = SyntheticLog()
        let stack = log.stack("libjit.so")
        let start = log.map(pages: 10, stack: stack)
        for index in 0..<4000 { log.protect(start, index % 2 == 0 ? 5 : 3, stack: stack) }
        let report = log.investigated().report
        #expect(report.shape == .steady)
        #expect(report.forecast.verdict == .noTrend)
    }
}
