import Analysis
import Testing
import TraceLog

/// The thresholds are those measured on Linux 6.18: with N VMAs, mmap fails above the limit, splits at it.
struct FailureTests {
    private let page = SyntheticLog.page

    /// A process with exactly 20 VMAs whose limit is `limit`, and then one failing call.
    private func failure(
        limit: UInt64, set: (inout Limits) -> Void = { _ in },
        _ fail: (inout SyntheticLog, StackID, UInt64) -> Void
    ) -> Report.Failure? {
        var log = SyntheticLog(vmas: 19, maxMapCount: limit)
        let stack = log.stack("liba.so")
        let address = log.map(pages: 8, stack: stack)
        fail(&log, stack, address)
        log.limits {
            $0.maxMapCount = limit
            set(&$0)
        }
        return log.investigated().report.failure
    }

    @Test func `mmap fails above the limit and not at it`() {
        func mmap(_ log: inout SyntheticLog, _ stack: StackID, _: UInt64) {
            log.call(.mmap, 0, 4096, 3, 0x22, .max, 0, error: 12, stack: stack)
        }
        let failed = failure(limit: 19, mmap)
        #expect(failed?.cause == .maxMapCount)
        #expect(failed?.count == 20)
        #expect(failed?.errno == "ENOMEM")
        #expect(failed?.call == "mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)")
        #expect(failure(limit: 20, mmap)?.cause == .other)
    }

    /// The replay knows of 20 VMAs, and calls before the failure are missing. A list from long after says nothing of it.
    @Test(
        arguments: [
            (30, 0, .maxMapCount, 30), (21, 0, .other, 21), (nil, 0, .uncertain, 20), (21, 2, .uncertain, 20),
        ]
            as [(UInt64?, UInt64, FailureCause, Int)])
    func `where records were lost the kernel's count is asked for`(
        listed: UInt64?, secondsLater: UInt64, cause: FailureCause, count: Int
    ) {
        var log = SyntheticLog(vmas: 20, maxMapCount: 29)
        log.lostRecords = 7
        log.now += log.pace
        log.call(.mmap, 0, 4096, 3, 0x22, .max, 0, error: 12, stack: log.stack("liba.so"))
        log.now += secondsLater * 1_000_000_000
        log.limits {
            $0.maxMapCount = 29
            $0.mapCount = listed
        }
        let failed = log.investigated().report.failure
        #expect(failed?.cause == cause && failed?.count == count)
    }

    @Test func `a split fails at the limit`() {
        let protect = { (log: inout SyntheticLog, stack: StackID, address: UInt64) in
            log.protect(address + 4096, 0, error: 12, stack: stack)
        }
        #expect(failure(limit: 20, protect)?.cause == .maxMapCount)
        // The second of the two splits fails: the first brought the count to the limit.
        #expect(failure(limit: 21, protect)?.cause == .maxMapCount)
        #expect(failure(limit: 22, protect)?.cause == .other)
    }

    @Test func `madvise says EAGAIN at the limit and EINVAL for nonsense`() {
        #expect(
            failure(limit: 20) { $0.call(.madvise, $2 + 4096, 4096, 10, error: 11, stack: $1) }?.cause
                == .maxMapCount)
        #expect(failure(limit: 20) { $0.call(.madvise, $2 + 4096, 4096, 99, error: 22, stack: $1) } == nil)
    }

    @Test func `at the map limit it is not RLIMIT_MEMLOCK, which binds not everybody`() {
        func lock(limit: UInt64, locked: UInt64) -> FailureCause? {
            let set = { (limits: inout Limits) in
                limits.locked = locked
                limits.lockedLimit = 8 << 20
            }
            return failure(limit: limit, set: set) { $0.call(.mlock, $2 + 4096, 4096, error: 12, stack: $1) }?
                .cause
        }
        for locked in [0, 8 << 20, 64 << 20] as [UInt64] {
            #expect(lock(limit: 20, locked: locked) == .maxMapCount)
        }
        #expect(lock(limit: 65530, locked: 8 << 20) == .rlimitMemlock)
        #expect(lock(limit: 65530, locked: 64 << 20) == .rlimitMemlock)
    }

    @Test func `naming says EAGAIN at the limit and ENOMEM for a hole`() {
        func name(limit: UInt64, error: UInt16) -> Report.Failure? {
            failure(limit: limit) {
                $0.call(.prctl, 0x5356_4D41, 0, $2 + 4096, 4096, $2, error: error, stack: $1)
            }
        }
        #expect(name(limit: 20, error: 11)?.cause == .maxMapCount)
        #expect(name(limit: 20, error: 12) == nil)
        #expect(name(limit: 65530, error: 12) == nil)
    }

    @Test func `mremap needs three more, and five more to a fixed place`() {
        #expect(
            failure(limit: 23) { $0.call(.mremap, $2, 4096, 8192, 1, error: 12, stack: $1) }?.cause
                == .maxMapCount)
        #expect(
            failure(limit: 24) { $0.call(.mremap, $2, 4096, 8192, 1, error: 12, stack: $1) }?.cause == .other)
        #expect(
            failure(limit: 25) { $0.call(.mremap, $2, 4096, 8192, 3, $2, error: 12, stack: $1) }?.cause
                == .maxMapCount)
    }

    @Test func `a hole in the range is no incident`() {
        #expect(failure(limit: 20) { $0.protect($2, pages: 20, 0, error: 12, stack: $1) } == nil)
        #expect(
            failure(limit: 20) { log, stack, _ in log.call(.mlock, 4096, 4096, error: 12, stack: stack) }
                == nil)
    }

    @Test func `no free huge page is no incident`() {
        #expect(
            failure(limit: 65530) { log, stack, _ in
                log.call(.mmap, 0, 2 << 20, 3, 0x4_0022, .max, 0, error: 12, stack: stack)
            } == nil)
    }

    @Test func `limits in bytes are told apart`() {
        let mmap = { (log: inout SyntheticLog, stack: StackID, _: UInt64) in
            log.call(.mmap, 0, 1 << 30, 3, 0x22, .max, 0, error: 12, stack: stack)
        }
        let megabyte: UInt64 = 1 << 20
        #expect(
            failure(
                limit: 65530,
                set: {
                    $0.mapped = megabyte
                    $0.addressSpaceLimit = 1 << 30
                }, mmap)?.cause == .rlimitAS)
        #expect(
            failure(
                limit: 65530,
                set: {
                    $0.privateWritable = megabyte
                    $0.dataLimit = 1 << 30
                }, mmap)?.cause == .rlimitData)
        #expect(
            failure(
                limit: 65530,
                set: {
                    $0.overcommitMode = 2
                    $0.committed = megabyte
                    $0.commitLimit = 1 << 30
                }, mmap)?.cause
                == .overcommit)
        #expect(
            failure(
                limit: 65530,
                set: {
                    $0.cgroupUsed = 1 << 30
                    $0.cgroupLimit = 1 << 30
                }, mmap)?.cause == .cgroup)
        #expect(
            failure(limit: 65530) { log, stack, _ in
                log.call(.mmap, 0, 1 << 48, 0, 0x4022, .max, 0, error: 12, stack: stack)
            }?.cause == .addressSpace)
        #expect(
            failure(
                limit: 65530,
                set: {
                    $0.mapped = 1 << 47
                    $0.addressSpaceLimit = .max
                }, mmap)?.cause == .addressSpace)
    }

    @Test func `a brk that meets its neighbour is no incident but one above the limit is`() {
        let brk = { (log: inout SyntheticLog, stack: StackID, _: UInt64) in
            log.call(.brk, 0x900_0000, result: 0x800_0000, stack: stack)
        }
        #expect(failure(limit: 65530, brk) == nil)
        #expect(failure(limit: 19, brk)?.cause == .maxMapCount)
    }

    @Test func `the first failure at the map limit is named before an earlier one of another kind`() {
        let found = failure(limit: 20) {
            $0.call(.mmap, 0, 1 << 30, 3, 0x22, .max, 0, error: 12, stack: $1)
            $0.protect($2 + 4096, 0, error: 12, stack: $1)
        }
        #expect(found?.call.hasPrefix("mprotect") == true)
    }
}
