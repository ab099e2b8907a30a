import Analysis
import Testing

struct ForecastGateTests {
    private func report(_ verdict: Forecast.Verdict, time: Double?) -> Report {
        var report = Report()
        report.duration = 1000
        report.forecast = Forecast(verdict: verdict, time: time, reason: "")
        return report
    }

    @Test func `a hit within the span fails, counted from the end of the recording`() throws {
        let gate = try #require(ForecastGate("hits-within 2 h"))
        #expect(gate.fails(report(.willHit, time: 1000 + 7199)))
        #expect(!gate.fails(report(.willHit, time: 1000 + 7201)))
        #expect(gate.fails(report(.alreadyHit, time: nil)))
        #expect(!gate.fails(report(.unsure, time: 1001)))
        #expect(!gate.fails(report(.noTrend, time: nil)))
    }

    @Test(arguments: [("hits-within 7d", 604_800.0), ("hits-within 90s", 90), ("hits-within 1.5min", 90)])
    func `units of time`(text: String, seconds: Double) throws {
        let gate = try #require(ForecastGate(text))
        #expect(gate.fails(report(.willHit, time: 1000 + seconds)))
        #expect(!gate.fails(report(.willHit, time: 1000 + seconds * 1.01)))
    }

    @Test(arguments: [
        "", "hits-within", "hits-within d", "hits-within 7", "hits-within -1d", "peak>7", "hits-within 7w",
    ])
    func `anything else is refused`(text: String) {
        #expect(ForecastGate(text) == nil)
    }
}
