package import AddressSpace
package import Analysis

/// Who answers for a VMA, in words.
package enum OwnerText {
    /// - Parameter frames: the owner's backtrace, innermost frame first.
    package static func sentence(_ owner: Owner, frames: [SiteFrame]) -> String {
        switch owner.cause {
        case .beforeTrace: "before the trace"
        case .notObserved: "not observed"
        case .created: "made by \(place(frames))"
        case .split: "cut off by \(place(frames))"
        }
    }

    private static func place(_ frames: [SiteFrame]) -> String {
        FrameText.telling(frames).first.map { FrameText.line($0) } ?? "a call without a backtrace"
    }
}
