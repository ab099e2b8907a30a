import Reports
import Testing

@Suite struct ChartTests {
    private let ramp = (0...10).map { Chart.Point(time: Double($0), count: $0 * 100) }

    @Test func `a ramp to the limit`() {
        let chart = Chart(points: ramp, end: 10, limit: 1000, columns: 20, rows: 4)
        #expect(
            chart.lines(TextStyle()) == [
                "1,000 ┤╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌▁▁▄█",
                "      │            ▃▃▆▆████",
                "      │      ▁▁▄▄██████████",
                "      │  ▃▃▆▆██████████████",
                "    0 └────────────────────",
                "       0 s             10 s",
            ])
    }

    @Test func `plain characters`() {
        let chart = Chart(points: ramp, end: 10, limit: 1500, columns: 20, rows: 4)
        #expect(
            chart.lines(TextStyle(hasUnicode: false)) == [
                "1,500 |--------------------",
                "      |                   #",
                "      |            ########",
                "      |  ##################",
                "    0 +--------------------",
                "       0 s             10 s",
            ])
    }

    @Test func `a limit far above would flatten the line, so it is left out`() {
        let chart = Chart(points: ramp, end: 10, limit: 65530, columns: 20, rows: 4)
        #expect(chart.lines(TextStyle())[0].hasPrefix("1,000 ┤"))
        #expect(!chart.lines(TextStyle()).joined().contains("╌"))
    }

    @Test func `a spike between two columns is not lost`() {
        let points = [
            Chart.Point(time: 0, count: 10), Chart.Point(time: 5.001, count: 1000),
            Chart.Point(time: 5.002, count: 10),
        ]
        let lines = Chart(points: points, end: 10, limit: nil, columns: 10, rows: 3).lines(TextStyle())
        #expect(lines[0] == "1,000 ┤     █")
        #expect(lines[2] == "      │▁▁▁▁▁█▁▁▁▁")
    }

    @Test func `a process of an instant has a chart too`() {
        let lines = Chart(points: [Chart.Point(time: 0, count: 3)], end: 0, limit: nil, columns: 5, rows: 2)
            .lines(TextStyle())
        #expect(lines == ["    3 ┤█████", "      │█████", "    0 └─────", "       0 s 0 s"])
    }
}
