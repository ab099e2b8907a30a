/// A quantile of sorted values, linear between neighbours; 0 for none.
/// - Parameter share: 0 the least value, 1 the greatest.
func quantile(_ sorted: [Double], _ share: Double) -> Double {
    guard let last = sorted.last else { return 0 }
    let place = share * Double(sorted.count - 1)
    let index = Int(place)
    guard index + 1 < sorted.count else { return last }
    return sorted[index] + (sorted[index + 1] - sorted[index]) * (place - Double(index))
}

func median(_ values: some Sequence<Double>) -> Double { quantile(values.sorted(), 0.5) }

func mean(_ values: some Collection<Double>) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
}
