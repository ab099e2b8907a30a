import Analysis

/// Holds the forecast against series whose end is known: `ForecastBench tuned|held-out [SERIES_PER_KIND]`.
@main
struct ForecastBench {
    /// Seeds below this one were looked at while the forecast was written.
    private static let firstHeldOut: UInt64 = 1_000_000

    static func main() {
        let isHeldOut = CommandLine.arguments.dropFirst().first == "held-out"
        let each = CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? (isHeldOut ? 10 : 20)
        let seeds = isHeldOut ? firstHeldOut : 1
        var totals = [String: Score]()
        print(header)
        var count = 0
        for kind in Kind.all {
            let series = drawn(kind, each, from: seeds)
            count += series.count
            for forecaster in Forecaster.all {
                var score = Score()
                for one in series { score.add(one, forecaster) }
                print(line(kind.name, forecaster.name, score))
                totals["all " + forecaster.name] = (totals["all " + forecaster.name] ?? Score()) + score
                if kind.isLeak {
                    totals["leaks " + forecaster.name] =
                        (totals["leaks " + forecaster.name] ?? Score()) + score
                }
            }
        }
        for group in ["leaks", "all"] {
            for forecaster in Forecaster.all {
                guard let score = totals["\(group) \(forecaster.name)"] else { continue }
                print(line(group, forecaster.name, score))
            }
        }
        print("\(count) series, \(isHeldOut ? "seeds never used while tuning" : "tuning set")")
    }

    private static func drawn(_ kind: Kind, _ each: Int, from seed: UInt64) -> [Series] {
        var series: [Series] = []
        var seed = seed
        while series.count < each {
            if let one = kind.series(seed: seed) { series.append(one) }
            seed += 1
        }
        return series
    }

    private static let header =
        cells([
            "series", "forecaster", "error 50%", "error all", "in range", "too late", "false", "missed",
            "warned at",
        ])

    private static func line(_ kind: String, _ forecaster: String, _ score: Score) -> String {
        cells([
            kind, forecaster, percent(middle(score.halfErrors)), percent(middle(score.errors)),
            share(score.held, score.ranges), share(score.early, score.ranges),
            share(score.falseAlarms, score.calm),
            share(score.missed, score.hits), percent(middle(score.warned)),
        ])
    }

    private static func cells(_ texts: [String]) -> String {
        zip(texts, [16, 13, 10, 10, 13, 11, 11, 10, 10]).map { text, width in
            text + String(repeating: " ", count: max(0, width - text.count))
        }.joined()
    }

    private static func middle(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.sorted()[(values.count - 1) / 2]
    }

    private static func percent(_ value: Double?) -> String {
        guard let value else { return "-" }
        guard value.isFinite else { return "none" }
        return "\((value * 1000).rounded() / 10) %"
    }

    private static func share(_ part: Int, _ whole: Int) -> String {
        whole == 0 ? "-" : percent(Double(part) / Double(whole)) + " /\(whole)"
    }
}
