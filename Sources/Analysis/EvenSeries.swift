/// A count at an instant; it holds until the next one.
package struct CountSample: Sendable {
    /// Seconds, or whatever the clock counts.
    package var time: Double
    /// VMAs.
    package var count: Double

    package init(time: Double, count: Double) {
        self.time = time
        self.count = count
    }
}

/// The highest count in each of equal stretches of time, up to now.
///
/// The highest and not the last: it is the highest that meets the limit.
struct EvenSeries: Sendable {
    static let fullLength = 240

    /// The clock at the begin of the first stretch, and the length of each.
    private(set) var start: Double
    private(set) var step: Double
    private(set) var values: [Double] = []

    /// - Parameter samples: ascending; one at least lies before `end`.
    init(_ samples: [CountSample], from start: Double, to end: Double) {
        self.start = start
        step = (end - start) / Double(Self.fullLength)
        var index = samples.firstIndex { $0.time > start } ?? samples.count
        var held = samples[max(index - 1, 0)].count
        for place in 1...Self.fullLength {
            let edge = place == Self.fullLength ? end : start + Double(place) * step
            var highest: Double?
            while index < samples.count, samples[index].time <= edge {
                held = samples[index].count
                highest = max(highest ?? held, held)
                index += 1
            }
            values.append(highest ?? held)
        }
    }
}
