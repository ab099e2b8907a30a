/// The line that a count follows since the way it moves last changed.
struct Regime: Sendable {
    /// Steps up to now that belong to it.
    private(set) var length: Int
    /// VMAs per step.
    private(set) var slope: Double
    /// VMAs now, and the variance of that.
    private(set) var level: Double
    private(set) var levelVariance: Double
    private(set) var noise: NoiseModel
    private(set) var drift = RateDrift.none
    /// VMAs squared: the mean of what the values stray from it by.
    private(set) var misfit = 0.0

    private static let shortest = 8
    /// A change of rate counts from so many of its standard deviations on, and from this share of the rate.
    private static let bend = (deviations: 4.5, share: 0.1)
    /// How much worse a bend all along may fit than a corner, to be taken for what happened: it needs no instant.
    private static let bow = 1.3
    /// The part of a stretch that a burst at its start takes at most, and in which it rises more than all the rest does.
    private static let burst = 16

    /// Cuts off what lies before the plainest change of rate, as long as there is one.
    static func last(of values: [Double]) -> Regime {
        var values = values
        while let length = lengthSinceBurst(values) ?? lengthSinceBend(values) {
            values = values.suffix(length)
        }
        return Regime(values)
    }

    /// The rates of all regimes, the first one first: VMAs per step, and for how many steps.
    static func rates(of values: [Double]) -> [(slope: Double, steps: Double)] {
        guard let length = lengthSinceBend(values) else {
            let steps = Double(max(values.count - 1, 1))
            return [(((values.last ?? 0) - (values.first ?? 0)) / steps, Double(values.count))]
        }
        return rates(of: values.dropLast(length)) + rates(of: values.suffix(length))
    }

    /// Steps since the plainest change of rate; nil if none stands out.
    private static func lengthSinceBend(_ values: [Double]) -> Int? {
        var best: (length: Int, score: Double)?
        var length = Double(shortest)
        while Int(length) <= values.count - shortest {
            let score = bend(values, last: Int(length))
            if score > max(bend.deviations, best?.score ?? 0) { best = (Int(length), score) }
            length = max(length + 1, length * 1.1)
        }
        return best.flatMap { isBow(values, last: $0.length) ? nil : $0.length }
    }

    /// Steps since a burst at the start, too short to have a rate, as when a program comes up and maps most of what it
    /// will ever need; nil if there was none.
    private static func lengthSinceBurst(_ values: [Double]) -> Int? {
        let length = values.count / burst
        guard length >= shortest else { return nil }
        let (start, rest) = (values[length] - values[0], (values.last ?? 0) - values[length])
        return start > abs(rest) ? values.count - length : nil
    }

    /// Whether a bend all along tells about as much as a corner: the rate drifts and has not changed. How a program comes
    /// up looks like a bow with whatever follows: it is none if what comes later is none.
    private static func isBow(_ values: [Double], last length: Int) -> Bool {
        guard isBent(values, last: length) else { return false }
        let later = values.count - values.count / 3
        if later - length < shortest { return lengthSinceBend(Array(values.suffix(length))) == nil }
        return isBent(Array(values.suffix(later)), last: length)
    }

    private static func isBent(_ values: [Double], last length: Int) -> Bool {
        let corner = LeastSquares.line(values.dropLast(length)) + LeastSquares.line(values.suffix(length))
        return LeastSquares.parabola(values) <= corner * bow
    }

    /// By how many standard deviations the rate of the last steps differs from that of those before.
    private static func bend(_ values: [Double], last length: Int) -> Double {
        let old = Rate(Array(values.dropLast(length)), blocks: 16)
        let new = Rate(Array(values.suffix(length)), blocks: 16)
        let change = abs(new.slope - old.slope)
        let fastest = max(abs(new.slope), abs(old.slope))
        guard change > bend.share * fastest else { return 0 }
        // Medians of stretches about as long as the steps of a stair are off; means of thirds are not.
        let plain = abs(risen(values.suffix(length)) - risen(values.dropLast(length)))
        guard plain > bend.share / 2 * fastest else { return 0 }
        let noise = NoiseModel(joining: (old.noise, values.count - length), (new.noise, length))
        let variance =
            noise.slopeVariance(steps: Double(length))
            + noise.slopeVariance(steps: Double(values.count - length))
        // What is less than a VMA or two over the stretch is nothing.
        let score = change / (variance.squareRoot() + 0.5 / Double(length))
        return score > bend.deviations && isNew(values, last: length, old.slope) ? score : 0
    }

    /// VMAs per step, by the means of the first and the last third.
    private static func risen(_ values: ArraySlice<Double>) -> Double {
        let third = max(values.count / 3, 1)
        return (mean(values.suffix(third)) - mean(values.prefix(third)))
            / Double(max(values.count - third, 1))
    }

    /// Whether no earlier stretch of that length strays as far from the rate: a step of a stair, a burst, a
    /// pause that came before is no change.
    private static func isNew(_ values: [Double], last length: Int, _ slope: Double) -> Bool {
        let begin = values.count - length
        guard begin >= length * 4 else { return true }
        func strayed(_ start: Int) -> Double {
            let half = length / 2
            let (first, last) = (values[start..<start + half], values[start + length - half..<start + length])
            return abs(mean(last) - mean(first) - slope * Double(length - half))
        }
        let now = strayed(begin)
        return !stride(from: begin - length, through: 0, by: -max(length / 4, 1)).contains {
            strayed($0) >= now
        }
    }

    init(_ values: [Double]) {
        let rate = Rate(values, blocks: 48)
        (length, slope, noise) = (values.count, rate.slope, rate.noise)
        (level, levelVariance) = Self.level(values, slope: slope, noise)
        drift = RateDrift(values, slope: slope, noise)
        let strayed = residuals(of: values)
        let middle = mean(strayed)
        misfit = mean(strayed.map { ($0 - middle) * ($0 - middle) })
    }

    private static func level(_ values: [Double], slope: Double, _ noise: NoiseModel) -> (Double, Double) {
        // Averaging over k steps leaves stationary / k, and adds what the walk did meanwhile.
        let free = (3 * noise.stationary * noise.memory / max(noise.walk, 1e-9)).squareRoot()
        let steps = min(max(Int(min(free, 1e6)), 1), values.count)
        let tail = values.suffix(steps).reversed().enumerated().map { $1 + slope * Double($0) }
        let averaged = noise.stationary * min(1, noise.memory * 2 / Double(steps))
        return (median(tail), averaged + noise.walk * Double(steps) / 3)
    }

    /// Whether the slope is more than noise makes of nothing.
    var isGrowing: Bool {
        let steps = Double(length - 1)
        let least = max(16, 0.01 * level) / steps
        return slope >= least && slope > 3 * noise.slopeVariance(steps: steps).squareRoot()
    }

    /// What the values stray from the line by.
    func residuals(of values: [Double]) -> [Double] {
        let last = Double(length - 1)
        return values.suffix(length).enumerated().map { $1 - level - slope * (Double($0) - last) }
    }
}
