import Analysis
import Testing
import TraceLog

struct SeriesTests {
    @Test func `a long series keeps its extremes in bounded memory`() {
        var log = SyntheticLog()
        let stack = log.stack("liba.so")
        for round in 0..<3000 {
            let height = round == 1234 ? 50 : 1
            let spike = (0..<height).map { _ in log.map(stack: stack) }
            for address in spike { log.unmap(address, stack: stack) }
        }
        let found = log.investigated()
        #expect(found.series.count <= 2048)
        #expect(found.series.count > 900)
        #expect(found.series.map(\.highest).max() == 9 + 50)
        #expect(found.series.map(\.lowest).min() == 9)
        #expect(found.series.last?.last == 9)
        #expect(zip(found.series, found.series.dropFirst()).allSatisfy { $0.end <= $1.start })
    }

    @Test func `a site's history ends with what it holds`() {
        var log = SyntheticLog()
        let first = log.stack("liba.so")
        let second = log.stack("libb.so")
        for _ in 0..<2000 {
            log.map(stack: first)
            log.map(stack: second)
            log.now += log.now / 500
        }
        for site in log.investigated().sites where site.origin == .code {
            #expect(site.history.last?.count == 2000)
            #expect(site.history.count <= 257)
            #expect(zip(site.history, site.history.dropFirst()).allSatisfy { $0.count < $1.count })
        }
    }

    @Test func `the median lifetime is right within its class`() {
        var log = SyntheticLog()
        let stack = log.stack("liba.so")
        for _ in 0..<101 { log.unmap(log.map(stack: stack), stack: stack) }
        let lifetime = log.investigated().sites.first { $0.origin == .code }?.medianLifetime ?? 0
        #expect(lifetime >= 250_000 && lifetime <= 4_000_000)
    }
}
