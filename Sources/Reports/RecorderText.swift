import Analysis
import TraceLog

/// What a flight recorder that overwrote its beginning cannot tell.
enum RecorderText {
    /// Lists that must have room: the one that the replay begins with and those taken at a failure and at the end, with
    /// as much for the calls between them.
    private static let lists = 8

    static func isCut(_ report: Report) -> Bool { report.trust.overwritten > 0 }

    static func sentences(_ report: Report) -> [String] {
        guard isCut(report) else { return [] }
        let kept = "the flight recorder has kept the last \(TimeText.span(report.duration))"
        let enough = enough(for: report.vmas.peak)
        return [
            report.trust.recorderSize >= enough
                ? kept : "\(kept): for so many VMAs record with --flight-recorder \(enough >> 20)M or more"
        ]
    }

    /// Bytes, a power of two.
    private static func enough(for vmas: Int) -> Int {
        var size = 1 << 20
        while size < lists * Snapshot.VMA.recordedSize * vmas { size *= 2 }
        return size
    }
}
