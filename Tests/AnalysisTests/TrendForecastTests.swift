import Analysis
import Testing

/// Series whose end is known by construction.
struct TrendForecastTests {
    private func forecast(_ counts: [Double], limit: Double = 10_000) -> TrendForecast {
        let samples = counts.enumerated().map { CountSample(time: Double($0), count: $1) }
        return TrendForecast.of(samples, limit: limit, from: 0, to: Double(counts.count - 1))
    }

    /// Noise between -1 and 1, always the same.
    private func noise(_ step: Int) -> Double {
        Double((step &* 7919 &+ step &* step &* 104_729) % 2001) / 1000 - 1
    }

    @Test func `a straight line meets the limit where it must`() {
        let found = forecast((0..<1000).map { 100 + 4 * Double($0) })
        #expect(found.verdict == .willHit)
        #expect(abs((found.time ?? 0) - 9901 / 4) < 20)
        #expect(abs(found.rate - 4) < 0.01)
    }

    @Test func `noise around a line widens the range and leaves the rate`() {
        let found = forecast((0..<1000).map { 100 + 4 * Double($0) + 400 * noise($0) })
        #expect(found.verdict == .willHit)
        #expect(abs(found.rate - 4) < 0.2)
        #expect((found.range.low ?? 0) < 9901 / 4 && (found.range.high ?? 0) > 2350)
    }

    @Test func `only the rate since the last change counts`() {
        let found = forecast((0..<1000).map { $0 < 600 ? 1000 : 1000 + 10 * Double($0 - 600) })
        #expect(abs(found.since - 600) < 30)
        #expect(abs((found.time ?? 0) - 1500) < 20)
    }

    @Test func `a rhythm without growth is no trend, at any phase`() {
        for phase in 0..<8 {
            let counts = (0..<1000).map { step in
                4000 + 3000 * abs(Double((step + phase * 25) % 200) - 100) / 100
            }
            #expect(forecast(counts).verdict == .noTrend, "phase \(phase)")
        }
    }

    @Test func `a rhythm on a leak is taken off and its peak meets the limit`() {
        func count(_ step: Int) -> Double { 3 * Double(step) + 2000 * abs(Double(step % 200) - 100) / 100 }
        let truth = (0..<10_000).first { count($0) > 10_000 } ?? 0
        let found = forecast((0..<1500).map(count))
        #expect(abs((found.period ?? 0) - 200) < 8)
        #expect(abs((found.time ?? 0) - Double(truth)) < 100)
    }

    @Test func `a cache that fills levels off`() {
        var rest = 8000.0
        let found = forecast(
            (0..<1000).map { _ in
                rest *= 0.997
                return 8000 - rest
            })
        #expect(found.verdict == .noTrend)
        guard case .levelsOff(let height) = found.finding else {
            Issue.record("\(found.finding)")
            return
        }
        #expect(abs(height - 8000) < 800)
    }

    @Test func `what is collected again and again is no trend`() {
        #expect(forecast((0..<1000).map { 100 + Double($0 % 90) * 50 }).verdict == .noTrend)
    }

    @Test func `a quiet count with bursts is no trend`() {
        #expect(forecast((0..<1000).map { $0 % 137 < 9 ? 7000 : 500 + 10 * noise($0) }).verdict == .noTrend)
    }

    @Test func `few lumps give a wide range`() {
        let lumps = [90, 310, 370, 640, 930]
        let found = forecast((0..<1000).map { step in 900 * Double(lumps.count { $0 <= step }) })
        let (low, high) = (found.range.low ?? .infinity, found.range.high ?? .infinity)
        // Five events say no more of a rate than that it is right within half of it.
        #expect(low < 1000 + 0.6 * (10_000 - 4500) / 4.5 && high > 1000 + 1.6 * (10_000 - 4500) / 4.5)
    }

    @Test func `a limit that was passed is passed when it was passed`() {
        let found = forecast((0..<1000).map { 20 * Double($0) })
        #expect(found.verdict == .alreadyHit)
        #expect(found.time == 501)
    }

    @Test(arguments: [[7], [], [7, 7], [7, 8, 7]] as [[Double]])
    func `next to nothing known is no trend`(counts: [Double]) {
        #expect(forecast(counts).verdict == .noTrend)
    }
}
