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

    /// A whole backtrace, a line for each frame.
    /// - Parameter isCut: whether it may lack callers, which it then says.
    package static func lines(_ frames: [SiteFrame], isCut: Bool) -> [String] {
        frames.map { line($0) } + (isCut ? ["[callers may be missing]"] : [])
    }

    /// Cut to a width; the argument list of a C++ function goes first, for it says least.
    package static func clipped(_ text: String, _ width: Int, _ style: TextStyle) -> String {
        guard text.count > width, let list = argumentList(text) else {
            return TextLayout.clipped(text, width, style)
        }
        let mark = style.hasUnicode ? "(…)" : "(...)"
        return TextLayout.clipped(text[..<list.lowerBound] + mark + text[list.upperBound...], width, style)
    }

    /// The first pair of brackets that follows a name and holds something.
    private static func argumentList(_ text: String) -> Range<String.Index>? {
        let open = text.indices.dropFirst().first { index in
            let before = text[text.index(before: index)]
            return text[index] == "(" && (before.isLetter || before.isNumber || "_>)~=]".contains(before))
                && text[text.index(after: index)...].first != ")"
        }
        guard let open else { return nil }
        var depth = 0
        for index in text[open...].indices {
            depth += text[index] == "(" ? 1 : text[index] == ")" ? -1 : 0
            if depth == 0 { return open..<text.index(after: index) }
        }
        return nil
    }

    /// The frames from the one to blame to the C library's outermost, which every site shares; all if there are no
    /// others.
    package static func telling(_ frames: [SiteFrame]) -> [SiteFrame] {
        let others = frames[(frames.blamed ?? 0)...]
        let outermost = others.lastIndex { !$0.isInRuntime && $0.function != "_start" }
        return outermost.map { Array(others[...$0]) } ?? frames
    }

    /// At most `count` telling frames in words, a line each.
    ///
    /// In a stripped library only exported functions have names: where the first frames have none, the nearest
    /// callers that have one follow the first frame, behind a mark for what is left out.
    package static func summary(_ frames: [SiteFrame], _ count: Int, _ style: TextStyle) -> [String] {
        let telling = telling(frames)
        guard let first = telling.first else { return [] }
        let near = telling.prefix(count)
        if near.contains(where: { $0.function != nil }) { return near.map { line($0) } }
        let gap = style.hasUnicode ? "… " : "... "
        let callers = namedCallers(telling)
        if callers.isEmpty { return near.map { line($0) } }
        if count == 1 { return [line(first) + " " + gap + callers[0]] }
        return [line(first)] + callers.prefix(count - 1).map { gap + $0 }
    }

    /// Functions outside libc and the loader, each once, the innermost first.
    private static func namedCallers(_ frames: [SiteFrame]) -> [String] {
        var names: [String] = []
        for frame in frames where frame.function != nil && !frame.isInRuntime {
            let name = line(frame)
            if !names.contains(name) { names.append(name) }
        }
        return names
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
