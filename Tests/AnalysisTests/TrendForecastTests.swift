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
        let found = forecast((0..<1000).map { 100 + 4 * Double($0) }, limit: 8000)
        #expect(found.verdict == .willHit)
        #expect(abs((found.time ?? 0) - 7901 / 4) < 20)
        #expect(abs(found.rate - 4) < 0.01)
    }

    @Test func `noise around a line widens the range and leaves the rate`() {
        let found = forecast((0..<1000).map { 100 + 4 * Double($0) + 400 * noise($0) }, limit: 8000)
        #expect(found.verdict == .willHit)
        #expect(abs(found.rate - 4) < 0.2)
        #expect((found.range.low ?? 0) < 7901 / 4 && (found.range.high ?? 0) > 1875)
    }

    @Test func `only the rate since the last change counts`() {
        let found = forecast((0..<1000).map { $0 < 600 ? 1000 : 1000 + 10 * Double($0 - 600) }, limit: 8000)
        #expect(abs(found.since - 600) < 30)
        #expect(abs((found.time ?? 0) - 1300) < 20)
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

    /// Allocators grow by lumps: whether the last one came just now or is due says nothing of the rate.
    @Test(arguments: [903, 912, 916])
    func `a stair of even steps is one rate wherever it is looked at`(length: Int) {
        func count(_ step: Int) -> Double { 300 * Double(step / 37) }
        let truth = Double((0..<10_000).first { count($0) > 10_000 } ?? 0)
        let found = forecast((0..<length).map(count))
        #expect(found.verdict == .willHit)
        #expect(found.since == 0)
        #expect(abs((found.time ?? 0) - truth) < 2 * 37)
    }

    @Test func `a rate that sinks little by little is expected to sink further`() {
        func count(_ step: Double) -> Double { 8 * step - step * step / 1000 }
        let truth = (0..<4000).first { count(Double($0)) > 10_000 } ?? 0
        let found = forecast((0..<900).map { count(Double($0)) })
        #expect((found.range.low ?? .infinity) <= Double(truth) && Double(truth) <= found.range.high ?? 0)
        #expect((found.time ?? 0) > 900 + (10_000 - count(900)) / (8 - 0.9))
    }

    @Test func `a rate that drifts has not changed`() {
        func drifting(_ step: Int) -> Double {
            let time = Double(step)
            return 8 * time - time * time / 300 + 20 * noise(step)
        }
        func turning(_ step: Int) -> Double { step < 500 ? 8 * Double(step) : 4000 + 3 * Double(step - 500) }
        #expect(forecast((0..<900).map(drifting)).since == 0)
        #expect(abs(forecast((0..<900).map(turning)).since - 500) < 50)
    }

    /// Asked within a pause: that the count does not grow just now says little where it often paused.
    @Test func `where the rate changes all the time the mean of all of it tells`() {
        let paces = [9.0, 0.0, 5.0, 0.5, 8.0, 2.0, 9.0, 0.0]
        var count = 0.0
        let counts = (0..<960).map { step in
            count += paces[step / 120]
            return count
        }
        let found = forecast(counts)
        let truth = 959 + (10_000 - count) / (count / 960)
        #expect(found.verdict != .noTrend)
        #expect(abs((found.time ?? .infinity) - truth) < (truth - 959) / 2)
        #expect((found.range.low ?? .infinity) <= truth && truth <= found.range.high ?? .infinity)
    }

    @Test func `pauses of any length that were seen are expected again`() {
        let pauses = [100..<180, 310..<480, 560..<600, 800..<930]
        func counts(_ isPausing: (Int) -> Bool) -> [Double] {
            var count = 100.0
            return (0..<1000).map { step in
                count += isPausing(step) ? 0 : 6
                return count
            }
        }
        let steady = forecast(counts { _ in false })
        let paused = forecast(counts { step in pauses.contains { $0.contains(step) } })
        func width(_ found: TrendForecast) -> Double {
            ((found.range.high ?? .infinity) - (found.range.low ?? 0)) / ((found.time ?? 0) - 999)
        }
        #expect(width(paused) > 1.5 * width(steady))
        // 580 steps of 1000 at 6 each: the rest of the way at that pace lies within.
        let (reached, pace) = (100.0 + 6 * 580, 6 * 0.58)
        let truth = 999 + (10_000 - reached) / pace
        #expect((paused.range.low ?? .infinity) <= truth && truth <= paused.range.high ?? .infinity)
    }

    /// A program that maps 900 VMAs as it comes up, at once or in some per cent of what was watched, and `leak` per step
    /// from then on.
    private func burst(from begin: Double, taking steps: Double, leak: Double) -> TrendForecast {
        forecast(
            (0..<1000).map { step in
                let (mapped, later) = ((Double(step) - begin) / steps, Double(step) - begin - steps)
                return 30 + 900 * min(max(mapped, 0), 1) + leak * max(later, 0)
            })
    }

    @Test func `a burst at the start is no trend, wherever it falls`() {
        for (begin, steps) in zip(stride(from: 0.0, to: 40, by: 2.1), stride(from: 0.5, to: 28, by: 1.4)) {
            for begin in [begin, 40 - begin, 0] {
                #expect(burst(from: begin, taking: steps, leak: 0).verdict == .noTrend, "\(begin) \(steps)")
            }
        }
    }

    @Test func `a leak behind a burst at the start goes on at its own rate`() {
        for steps in [1.0, 8, 20, 40] {
            #expect(abs(burst(from: 5, taking: steps, leak: 0.5).rate - 0.5) < 0.01, "\(steps)")
        }
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
