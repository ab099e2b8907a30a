/// What a list of sites is sorted by.
package enum SiteOrder: String, CaseIterable, Encodable, Sendable {
    /// VMAs held.
    case live
    /// VMAs per second.
    case growth
    /// VMAs cut off others.
    case splits
}
