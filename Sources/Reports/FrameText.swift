package import Analysis

/// Frames of a backtrace in words.
package enum FrameText {
    /// `function (module) file.c:12`, or `module+0x1234` where no symbol is certain.
    package static func line(_ frame: SiteFrame) -> String {
        guard let function = frame.function else { return place(frame) }
        let module = frame.module.isEmpty ? "" : " (\(frame.module))"
        let inlined = frame.inlined ? " [inlined]" : ""
        return TextLayout.printable(function + module + source(frame) + inlined)
    }

    /// The frames outside the C library and the loader, which every site shares; all if there are no others.
    package static func telling(_ frames: [SiteFrame]) -> [SiteFrame] {
        let others = Array(frames.drop { $0.isInTracer || $0.isInRuntime })
        return others.isEmpty ? frames : others
    }

    private static func place(_ frame: SiteFrame) -> String {
        let offset = "0x" + NumberText.hex(frame.offset)
        return frame.module.isEmpty ? offset : TextLayout.printable("\(frame.module)+\(offset)")
    }

    private static func source(_ frame: SiteFrame) -> String {
        guard let file = frame.file else { return "" }
        return " " + file + (frame.line.map { ":\($0)" } ?? "")
    }
}
