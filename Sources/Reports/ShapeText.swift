package import Analysis

/// What the shape of the count means.
package enum ShapeText {
    package static func sentence(_ shape: Shape) -> String {
        switch shape {
        case .leak: "leak: it grows, and what was made is not given back"
        case .plateau: "plateau: it grew, then stayed"
        case .concurrency: "concurrency: it follows the load, VMAs are made and given back in bulk"
        case .fragmentation: "fragmentation: the same memory in more and more pieces"
        case .cliff: "cliff: after a quiet time a few large VMAs are cut up fast"
        case .steady: "steady: it stays as it is"
        }
    }
}
