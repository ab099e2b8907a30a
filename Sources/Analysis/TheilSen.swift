/// A straight line through points by the median of all pairwise slopes: up to 29 % outliers do not move it.
struct TheilSen: Sendable {
    /// Per unit of x: the median slope, and what a tenth and nine tenths of the long pairs stay under.
    var slope: Double
    var low: Double
    var high: Double

    /// Nil for fewer than three points or no two different x.
    /// - Parameter points: at most a few hundred: the work is quadratic.
    init?(_ points: [(x: Double, y: Double)]) {
        guard points.count >= 3, let first = points.first, let last = points.last, last.x > first.x else {
            return nil
        }
        var slopes: [Double] = []
        var long: [Double] = []
        for (index, a) in points.enumerated() {
            for b in points[(index + 1)...] where b.x > a.x {
                let slope = (b.y - a.y) / (b.x - a.x)
                slopes.append(slope)
                // Neighbours say more of noise than of the trend: the range is taken from long pairs.
                if b.x - a.x >= (last.x - first.x) / 3 { long.append(slope) }
            }
        }
        slopes.sort()
        long.sort()
        slope = quantile(slopes, 0.5)
        low = quantile(long, 0.1)
        high = quantile(long, 0.9)
    }
}
