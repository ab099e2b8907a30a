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
