/// How fast a stretch of values rises, and how sure that is.
struct Rate: Sendable {
    /// VMAs per step.
    private(set) var slope: Double
    private(set) var noise: NoiseModel

    /// - Parameter blocks: medians that the values are summed up in; the work grows with the square.
    init(_ values: [Double], blocks: Int) {
        noise = NoiseModel(values)
        let steps = Double(values.count - 1)
        slope = ((values.last ?? 0) - (values.first ?? 0)) / steps
        // Of a walk the two ends tell all; noise around the trend is averaged out by using every value.
        let ends = noise.walk / steps + 2 * noise.stationary / (steps * steps)
        let averaged =
            1.2 * noise.walk / steps + 12 * noise.stationary * noise.memory / (steps * steps * steps)
        if averaged <= ends { slope = TheilSen(blocksOf: values, blocks)?.slope ?? slope }
    }
}

extension TheilSen {
    /// Through the medians of so many blocks of evenly spaced values, and a few more.
    init?(blocksOf values: [Double], _ blocks: Int) {
        let width = max(1, values.count / blocks)
        let places = stride(from: values.count % width, to: values.count, by: width)
        self.init(
            places.map { place in
                (Double(place) + Double(width - 1) / 2, median(values[place..<place + width]))
            })
    }
}
