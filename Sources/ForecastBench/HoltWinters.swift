/// Additive exponential smoothing with a trend and a season.
struct HoltWinters {
    private var level: Double
    private var trend: Double
    private var seasons: [Double]
    private let count: Int
    /// Sum of the squares of the one-step errors after the first two seasons.
    private(set) var error = 0.0

    init(_ values: [Double], season: Int, _ alpha: Double, _ beta: Double, _ gamma: Double) {
        count = values.count
        let first = values.prefix(season).reduce(0, +) / Double(season)
        let second = values.dropFirst(season).prefix(season).reduce(0, +) / Double(season)
        trend = (second - first) / Double(season)
        level = first - trend * Double(season + 1) / 2
        let (base, slope) = (level, trend)
        seasons = values.prefix(season).enumerated().map { $1 - (base + slope * Double($0 + 1)) }
        for (step, value) in values.enumerated() {
            let place = step % season
            if step >= 2 * season {
                let miss = value - (level + trend + seasons[place])
                error += miss * miss
            }
            let before = level
            level = alpha * (value - seasons[place]) + (1 - alpha) * (level + trend)
            trend = beta * (level - before) + (1 - beta) * trend
            seasons[place] = gamma * (value - level) + (1 - gamma) * seasons[place]
        }
    }

    /// The first step ahead above a limit.
    func steps(to limit: Double, within reach: Int) -> Int? {
        guard trend > 0 || level + trend + (seasons.max() ?? 0) > limit else { return nil }
        let near = Int(
            max(1, (limit - level - (seasons.max() ?? 0)) / max(trend, 1e-12) - 1).clamped(to: reach))
        return (near...max(near, near + 2 * seasons.count)).first { ahead in
            ahead <= reach
                && level + trend * Double(ahead) + seasons[(count - 1 + ahead) % seasons.count] > limit
        }
    }
}

extension Double {
    fileprivate func clamped(to highest: Int) -> Double { Swift.min(self, Double(highest)) }
}
