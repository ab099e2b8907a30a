/// A movement that repeats: days and nights, batches, collections of garbage.
struct Rhythm: Sendable {
    /// Steps.
    private(set) var period: Double
    /// VMAs above the trend by phase; sums to nothing.
    private(set) var profile: [Double]

    /// Correlation with itself a period earlier, and share of the variance explained, from which on it
    /// counts.
    private static let correlation = 0.5
    private static let explained = 0.6

    /// Nil if nothing repeats at least twice.
    init?(_ values: [Double]) {
        guard let trend = TheilSen(blocksOf: values, 48) else { return nil }
        let line = values.enumerated().map { $1 - trend.slope * Double($0) }
        let middle = mean(line)
        let residuals = line.map { $0 - middle }
        let power = mean(residuals.map { $0 * $0 })
        guard power > 4, let period = Self.period(residuals, power) else { return nil }
        self.period = period
        profile = Self.profile(residuals, period)
        let left = residuals.enumerated().map { $1 - at(step: $0) }
        guard mean(left.map { $0 * $0 }) < (1 - Self.explained) * power else { return nil }
    }

    /// VMAs above the trend at a step, counted from the first value.
    func at(step: Int) -> Double {
        let phase = Double(step).truncatingRemainder(dividingBy: period) / period
        return profile[min(Int(phase * Double(profile.count)), profile.count - 1)]
    }

    var highest: Double { profile.max() ?? 0 }

    private static func period(_ residuals: [Double], _ power: Double) -> Double? {
        let longest = residuals.count * 45 / 100
        let correlations = (0...longest).map { lag in
            mean(zip(residuals.dropFirst(lag), residuals).map { $0 * $1 }) / power
        }
        guard let dip = correlations.firstIndex(where: { $0 < 0.2 }) else { return nil }
        let peaks = (max(dip, 3)..<max(longest, dip + 1, 4)).filter { lag in
            lag < longest && correlations[lag] >= correlation && correlations[lag] >= correlations[lag - 1]
                && correlations[lag] >= correlations[lag + 1]
        }
        guard let height = peaks.map({ correlations[$0] }).max(),
            let first = peaks.first(where: { correlations[$0] >= 0.85 * height })
        else { return nil }
        return refined(first, peaks)
    }

    /// A peak many periods on tells the period to a fraction of a step.
    private static func refined(_ first: Int, _ peaks: [Int]) -> Double {
        var period = Double(first)
        for peak in peaks {
            let turns = (Double(peak) / period).rounded()
            if turns >= 1, abs(Double(peak) - turns * period) <= max(1, 0.15 * period) {
                period = Double(peak) / turns
            }
        }
        return period
    }

    private static func profile(_ residuals: [Double], _ period: Double) -> [Double] {
        let phases = min(max(Int(period), 3), residuals.count)
        var sums = [Double](repeating: 0, count: phases)
        var counts = sums
        for (step, value) in residuals.enumerated() {
            let phase = Double(step).truncatingRemainder(dividingBy: period) / period
            let place = min(Int(phase * Double(phases)), phases - 1)
            sums[place] += value
            counts[place] += 1
        }
        let profile = zip(sums, counts).map { $1 > 0 ? $0 / $1 : 0 }
        let middle = mean(profile)
        return profile.map { $0 - middle }
    }
}
