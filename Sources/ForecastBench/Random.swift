import Glibc

/// A generator with a seed (SplitMix64), so that every figure can be had again.
struct Random {
    private var state: UInt64

    init(seed: UInt64) {
        // The steps are this long, too: seeds that follow each other must not give the same series, shifted.
        state = seed &* 0xD1B5_4A32_D192_ED03
        state = next()
    }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func uniform(_ low: Double = 0, _ high: Double = 1) -> Double {
        low + (high - low) * Double(next() >> 11) / 9_007_199_254_740_992
    }

    /// Spread evenly over the orders of magnitude between the two.
    mutating func scale(_ low: Double, _ high: Double) -> Double { exp(uniform(log(low), log(high))) }

    mutating func normal() -> Double {
        (-2 * log(max(uniform(), 1e-300))).squareRoot() * cos(2 * .pi * uniform())
    }

    mutating func exponential(mean: Double) -> Double { -mean * log(max(uniform(), 1e-300)) }

    /// Poisson: exactly for few, as a rounded normal for many.
    mutating func events(mean: Double) -> Double {
        guard mean > 0 else { return 0 }
        if mean > 60 { return max(0, (mean + mean.squareRoot() * normal()).rounded()) }
        let floor = exp(-mean)
        var (count, product) = (0.0, uniform())
        while product > floor {
            count += 1
            product *= uniform()
        }
        return count
    }
}
