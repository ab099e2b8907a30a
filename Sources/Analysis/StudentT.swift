import Glibc

/// Student's t distribution: how far an estimate may be off when its own spread was estimated from few values.
package struct StudentT: Sendable {
    /// The value at the middle of each of `count` slices of equal probability, ascending.
    package let slices: [Double]

    private static let resolution = 4000

    /// - Parameter freedom: degrees of freedom, more than 0, not necessarily whole.
    package init(freedom: Double, count: Int) {
        // With x = sqrt(freedom) tan(angle) the density becomes cos(angle) ^ (freedom - 1).
        let width = Double.pi / Double(Self.resolution)
        let angles = (0..<Self.resolution).map { -Double.pi / 2 + (Double($0) + 0.5) * width }
        var sums = [0.0]
        for angle in angles { sums.append((sums.last ?? 0) + pow(cos(angle), freedom - 1)) }
        let total = sums.last ?? 1
        var cell = 0
        slices = (0..<count).map { slice in
            let wanted = total * (Double(slice) + 0.5) / Double(count)
            while cell + 1 < Self.resolution, sums[cell + 1] < wanted { cell += 1 }
            let part = (wanted - sums[cell]) / (sums[cell + 1] - sums[cell])
            return freedom.squareRoot() * tan(-Double.pi / 2 + (Double(cell) + part) * width)
        }
    }
}
