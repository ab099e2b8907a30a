/// A rise that slows down as it goes on, as a cache does that fills.
struct Saturation: Sendable {
    /// VMAs still to come, as a geometric series continues.
    private(set) var remaining: Double

    /// What a quarter may add at most of what the one before it added.
    private static let slowing = 0.8

    /// Nil if the last `length` values do not slow down beyond what noise explains.
    init?(_ values: [Double], length: Int, noise: NoiseModel) {
        let tail = Array(values.suffix(length))
        guard tail.count >= 16 else { return nil }
        let width = tail.count / 4
        let edges = (0...4).map { Self.edge(tail, at: $0 * (tail.count - 1) / 4, width: width / 4) }
        let gains = zip(edges.dropFirst(), edges).map { $0 - $1 }
        guard gains[0] > gains[1], gains[1] > 0, gains[2] > 0 else { return nil }
        let ratio = max(gains[2] / gains[1], max(gains[3], 0) / gains[2])
        let unsure = (2 * noise.walk * Double(width) + 4 * noise.stationary / Double(max(width / 2, 1)))
            .squareRoot()
        guard ratio < Self.slowing, gains[0] - gains[3] > 3 * unsure else { return nil }
        remaining = max(gains[3], 0) * ratio / (1 - ratio)
    }

    private static func edge(_ values: [Double], at place: Int, width: Int) -> Double {
        median(values[max(0, place - width)...min(values.count - 1, place + width)])
    }
}
