/// How the count of VMAs moved over the recording.
package enum Shape: String, Codable, Sendable, CaseIterable {
    /// It grows, and what was made is not given back.
    case leak
    /// It grew, then stayed.
    case plateau
    /// It follows the load: VMAs are made and given back in bulk.
    case concurrency
    /// It rises while the bytes mapped do not: the same memory in more pieces.
    case fragmentation
    /// After a quiet time a few large VMAs are cut up fast.
    case cliff
    /// It stays as it is.
    case steady
}

/// The facts a shape is judged by.
struct ShapeEvidence {
    /// From the first record to the peak or, where the count went on after it, to the end.
    var course: Course
    var first: Int
    var peak: Int
    /// Bytes mapped at the peak.
    var peakBytes: Double
    /// Of the VMAs that appeared until the peak, the share cut off others.
    var splitShare: Double
    /// Of the VMAs that appeared until the peak, the share that guard pages cut off.
    var guardShare: Double
    /// Whether the process ran into vm.max_map_count.
    var hitLimit: Bool

    private static let halfPage = 2048.0
    private var growth: Double { Double(peak - first) }

    var shape: Shape {
        if growth < max(64, 0.25 * Double(first)) || course.isEmpty { return .steady }
        if isFragmented { return isSudden ? .cliff : .fragmentation }
        if drawdown >= 0.4 * growth { return .concurrency }
        return (isFlatAtEnd || staysLong || !growsToTheEnd) && !hitLimit ? .plateau : .leak
    }

    /// VMAs were cut, and each holds far fewer bytes than when a quarter of them was there, and brought far
    /// fewer; or all at once and without new memory: a VMA that is mapped brings a page or more.
    private var isFragmented: Bool {
        guard splitShare >= 0.3 else { return false }
        guard let early = course.counts.firstIndex(where: { $0 >= Double(first) + growth / 4 }) else {
            return true
        }
        if isSudden && broughtNothing { return true }
        let later = brought((Double(peak), peakBytes), since: early)
        // Guards in objects that were mapped with them: more pieces of more memory.
        if later >= Self.halfPage && splitShare - guardShare < 0.3 { return false }
        let earlier = brought((course.counts[early], course.bytes[early]), since: 0)
        let before = course.bytes[early] / max(course.counts[early], 1)
        return later < max(0.6 * earlier, Self.halfPage) && peakBytes / Double(max(peak, 1)) < 0.6 * before
    }

    /// Bytes that came with each VMA.
    private func brought(_ then: (count: Double, bytes: Double), since step: Int) -> Double {
        (then.bytes - course.bytes[step]) / max(then.count - course.counts[step], 1)
    }

    private var broughtNothing: Bool {
        let rise = course.counts.firstIndex { $0 > Double(first) + 0.1 * growth } ?? 0
        return rise > 0 && peakBytes - course.bytes[rise - 1] < growth * Self.halfPage
    }

    /// Four fifths of the growth in a tenth of the time, after at least as long a quiet.
    private var isSudden: Bool {
        let counts = course.counts
        guard let rise = counts.firstIndex(where: { $0 > Double(first) + 0.1 * growth }) else { return true }
        guard let top = counts.firstIndex(where: { $0 >= Double(first) + 0.9 * growth }) else {
            return rise > 32
        }
        return top - rise <= Course.steps / 10 && rise >= Course.steps / 4
    }

    /// The deepest fall from a height reached before.
    private var drawdown: Double {
        var height = 0.0
        var deepest = 0.0
        for count in course.counts {
            height = max(height, count)
            deepest = max(deepest, height - count)
        }
        return deepest
    }

    /// Whether the last fifth lies above the one before it, whatever goes up and down within each.
    private var growsToTheEnd: Bool {
        let fifth = course.counts.count / 5
        func mean(_ counts: ArraySlice<Double>) -> Double { counts.reduce(0, +) / Double(counts.count) }
        let before = mean(course.counts.suffix(2 * fifth).prefix(fifth))
        return mean(course.counts.suffix(fifth)) - before >= 0.05 * growth
    }

    private var isFlatAtEnd: Bool {
        let tail = course.counts.suffix(course.counts.count * 3 / 10)
        return isFlat(tail)
    }

    /// It went up at the start and stayed for two thirds of the time; what an orderly end adds (threads that close down)
    /// says nothing of the time before.
    private var staysLong: Bool {
        let stretch = Course.steps * 2 / 3
        return course.counts.indices.dropLast(stretch).contains { isFlat(course.counts[$0...($0 + stretch)]) }
    }

    private func isFlat(_ counts: ArraySlice<Double>) -> Bool {
        guard let lowest = counts.min(), let highest = counts.max() else { return false }
        return highest - lowest < 0.05 * growth && lowest - Double(first) >= 0.6 * growth
    }
}
