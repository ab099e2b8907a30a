import Analysis
import Testing
import TraceLog

struct ForecastTests {
    /// One VMA each 10 ms: the limit is reached at a time that can be computed.
    private func steadyGrowth(_ count: Int, limit: UInt64 = 5000) -> SyntheticLog {
        var log = SyntheticLog(maxMapCount: limit)
        log.pace = 10_000_000
        let stack = log.stack("liba.so")
        for _ in 0..<count { log.map(stack: stack) }
        return log
    }

    @Test func `steady growth is carried to the limit, in seconds and in calls`() {
        let forecast = steadyGrowth(2400).investigated().report.forecast
        #expect(forecast.verdict == .willHit)
        // 9 VMAs at the start (the tracer's left out), 100 a second, a call each: nothing fails up to 5000.
        let truth = (5001.0 - 9) / 100
        #expect(abs((forecast.time ?? 0) - truth) < 0.5)
        #expect((forecast.low ?? .infinity) <= truth && truth <= forecast.high ?? 0)
        #expect((forecast.likelyLow ?? 0) >= forecast.low ?? .infinity)
        #expect((forecast.likelyHigh ?? .infinity) <= forecast.high ?? 0)
        #expect(abs((forecast.calls?.number ?? 0) - 4992) < 50)
    }

    @Test func `the sites that grow are named with their shares of the growth`() {
        var log = SyntheticLog(maxMapCount: 5000)
        log.pace = 10_000_000
        let (fast, slow, done) = (log.stack("fast.so"), log.stack("slow.so"), log.stack("done.so"))
        for _ in 0..<300 { log.map(stack: done) }
        for place in 0..<1600 { log.map(stack: place % 4 == 0 ? slow : fast) }
        let sites = log.investigated().report.forecast.sites
        #expect(sites.map(\.name).prefix(2) == ["fast.so+0x10", "slow.so+0x10"])
        #expect(abs((sites.first?.share ?? 0) - 0.63) < 0.13)
        #expect(abs(sites.reduce(0) { $0 + $1.share } - 1) < 1e-9)
    }

    /// An arena of 20,000 pages out of which pages are cut in the first second, then nothing for a minute.
    private func cutArena(_ pieces: Int, limit: UInt64) -> SyntheticLog {
        var log = SyntheticLog(maxMapCount: limit)
        let stack = log.stack("libarena.so")
        let arena = log.map(pages: 20_000, stack: stack)
        for place in 0..<pieces {
            log.protect(arena + UInt64(place * 2 + 1) * SyntheticLog.page, 0, stack: stack)
        }
        log.now += 60_000_000_000
        log.map(stack: stack)
        return log
    }

    @Test func `memory that would fall into too many pieces is warned of`() {
        let forecast = cutArena(500, limit: 15_000).investigated().report.forecast
        #expect(forecast.verdict == .noTrend)
        // 20,000 pages less the 1,000 that are in pieces already.
        #expect(forecast.warning?.contains("cut as finely, would be 19,000 VMAs more") == true)
    }

    @Test(arguments: [(500, 25_000), (20, 15_000)] as [(Int, UInt64)])
    func `what stays below the limit, or was hardly ever cut, is no cliff`(pieces: Int, limit: UInt64) {
        #expect(cutArena(pieces, limit: limit).investigated().report.forecast.warning == nil)
    }

    @Test func `where VMAs are cut the limit itself is one too many`() {
        var log = SyntheticLog(maxMapCount: 5000)
        log.pace = 10_000_000
        let stack = log.stack("libarena.so")
        let arena = log.map(pages: 20_000, stack: stack)
        for place in 0..<1200 {
            log.protect(arena + UInt64(place * 4 + 2) * SyntheticLog.page, 1, stack: stack)
        }
        let forecast = log.investigated().report.forecast
        #expect(forecast.verdict == .willHit)
        #expect(
            forecast.reason.hasSuffix("the first call to fail will be a call of mprotect, at 5,000 VMAs"))
        #expect(forecast.operation == .mprotect)
    }

    @Test func `a site's growth is its rate`() {
        let site = steadyGrowth(1000).investigated().report.sites.first
        #expect(abs((site?.growthPerSecond ?? 0) - 100) < 2)
    }

    @Test func `another limit moves the time`() {
        let log = steadyGrowth(1200)
        let near = log.investigated(InvestigationOptions(limit: 2000, symbols: nil)).report.forecast.time ?? 0
        let far = log.investigated(InvestigationOptions(limit: 4000, symbols: nil)).report.forecast.time ?? 0
        #expect(abs(far - near - 20) < 1)
        let hit = log.investigated(InvestigationOptions(limit: 500, symbols: nil)).report.forecast
        #expect(hit.verdict == .alreadyHit)
        #expect(abs((hit.time ?? 0) - 4.92) < 0.1)
    }

    @Test func `a horizon before the hit is safe`() {
        let log = steadyGrowth(2400)
        #expect(
            log.investigated(InvestigationOptions(horizon: 30, symbols: nil)).report.forecast.verdict
                == .noTrend)
        #expect(
            log.investigated(InvestigationOptions(horizon: 100, symbols: nil)).report.forecast.verdict
                == .willHit)
    }

    @Test func `a plateau has no trend`() {
        var log = steadyGrowth(1000)
        let stack = log.stack("libb.so")
        log.now += 20_000_000_000
        log.map(stack: stack)
        #expect(log.investigated().report.forecast.verdict == .noTrend)
    }

    @Test func `the rate after a change of regime counts`() {
        var log = steadyGrowth(1000, limit: 5000)
        let stack = log.stack("libb.so")
        log.pace = 100_000_000
        for _ in 0..<400 { log.map(stack: stack) }
        let forecast = log.investigated().report.forecast
        let truth = 50 + (5001.0 - 1409) / 10
        #expect(abs((forecast.time ?? 0) - truth) < 0.05 * truth)
    }

    @Test func `what grows in less than a second is unsure, and what stands has no trend`() {
        let growing = steadyGrowth(50).investigated().report.forecast
        #expect(growing.verdict == .unsure && growing.time == nil)
        #expect(growing.reason == "the log covers less than a second")
        var standing = SyntheticLog(maxMapCount: 5000)
        standing.map(stack: standing.stack("liba.so"))
        #expect(standing.investigated().report.forecast.verdict == .noTrend)
    }

    @Test func `a rise that took less than a second is not called a log of less than a second`() {
        var log = SyntheticLog(maxMapCount: 5000)
        let stack = log.stack("liba.so")
        log.pace = 1_000_000
        let addresses = (0..<900).map { _ in log.map(stack: stack) }
        log.pace = 200_000
        for address in addresses { log.unmap(address, stack: stack) }
        log.now += 30_000_000
        log.map(stack: stack)
        let report = log.investigated().report
        #expect(report.duration > 1)
        #expect(report.forecast.reason == "what led to the peak covers less than a second")
    }

    @Test func `a trend is not carried a hundred times further than it was watched`() {
        #expect(steadyGrowth(200, limit: 1_048_576).investigated().report.forecast.verdict == .unsure)
    }

    @Test func `a failure at the limit is already hit`() {
        var log = SyntheticLog(vmas: 20, maxMapCount: 19)
        let stack = log.stack("liba.so")
        log.call(.mmap, 0, 4096, 3, 0x22, .max, 0, error: 12, stack: stack)
        let report = log.investigated().report
        #expect(report.forecast.verdict == .alreadyHit)
        #expect(report.forecast.time == report.failure?.time)
    }
}
