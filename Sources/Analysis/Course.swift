/// A count at equal steps of time, so that a busy moment weighs no more than a quiet one.
struct Course: Sendable {
    static let steps = 64

    /// Seconds since the first record.
    private(set) var times: [Double] = []
    private(set) var counts: [Double] = []
    private(set) var bytes: [Double] = []

    /// - Parameter end: the last instant to look at, CLOCK_MONOTONIC nanoseconds.
    init(_ series: [SeriesPoint], start: UInt64, end: UInt64) {
        self.init(series.map { ($0.end, Double($0.last), Double($0.bytes)) }, start: start, end: end)
    }

    /// A site's history; nothing is held before its first point.
    init(history: [(time: UInt64, count: Int)], start: UInt64, end: UInt64) {
        self.init([(start, 0, 0)] + history.map { ($0.time, Double($0.count), 0) }, start: start, end: end)
    }

    private init(_ points: [(time: UInt64, count: Double, bytes: Double)], start: UInt64, end: UInt64) {
        guard let first = points.first, end > start else { return }
        var index = 0
        var value = first
        for step in 0...Self.steps {
            let time = start + (end - start) / UInt64(Self.steps) * UInt64(step)
            while index < points.count,
                points[index].time <= time || step == Self.steps && points[index].time <= end
            {
                value = points[index]
                index += 1
            }
            times.append(Double(time - start) / 1e9)
            counts.append(value.count)
            bytes.append(value.bytes)
        }
    }

    var isEmpty: Bool { counts.isEmpty }
    var last: Double { counts.last ?? 0 }
    var end: Double { times.last ?? 0 }
    var duration: Double { (times.last ?? 0) - (times.first ?? 0) }

    /// Where the way the count moves last changed: from there on it moved as in its last quarter.
    var lastRegime: Int {
        let quarter = counts.count * 3 / 4
        guard counts.count >= 16, let trend = trend(from: quarter) else { return 0 }
        let width = counts.count / 16
        var start = quarter
        while start >= width, continues(trend, from: start - width, width: width) { start -= width }
        return start
    }

    /// Whether a stretch moved about as fast as the trend: within 2.5 times, or both hardly at all.
    private func continues(_ trend: TheilSen, from start: Int, width: Int) -> Bool {
        let moved = counts[start + width] - counts[start]
        let expected = trend.slope * (times[start + width] - times[start])
        let noise = max(4, 0.01 * (counts.max() ?? 0))
        if abs(moved - expected) <= noise { return true }
        return moved * expected > 0 && abs(moved) <= 2.5 * abs(expected) && abs(expected) <= 2.5 * abs(moved)
    }

    /// VMAs per second from a step on.
    func trend(from start: Int) -> TheilSen? {
        TheilSen(zip(times[start...], counts[start...]).map { ($0, $1) })
    }
}
