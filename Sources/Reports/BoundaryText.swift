import Analysis

/// Boundaries between neighbouring VMAs, in words.
enum BoundaryText {
    /// `31,900 boundaries: PROT_NONE guard page between fiber_pool_expand@libruby and itself`.
    static func sentence(_ group: BoundaryGroup) -> String {
        let count = group.count == 1 ? "1 boundary" : "\(NumberText.count(group.count)) boundaries"
        let sites =
            group.left == group.right ? "within \(group.left)" : "between \(group.left) and \(group.right)"
        let maker = group.hole.map { ", freed by \($0)" } ?? ""
        return TextLayout.printable("\(count): \(group.reason) \(sites)\(maker)")
    }
}
