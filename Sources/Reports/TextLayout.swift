/// Small pieces of page layout.
package enum TextLayout {
    /// Breaks a text at blanks into lines of at most `width` columns; a longer word keeps a line to itself.
    static func wrap(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, columns(last) + 1 + columns(word) <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines.isEmpty ? [""] : lines
    }

    /// Characters that take a column: all but colour sequences.
    static func columns(_ text: some StringProtocol) -> Int {
        var isInSequence = false
        return text.unicodeScalars.reduce(0) { count, character in
            if character == "\u{1B}" { isInSequence = true }
            defer { if character == "m" { isInSequence = false } }
            return isInSequence ? count : count + 1
        }
    }

    /// With characters that would act on a terminal written as `?`: paths and arguments may hold any.
    package static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
    }

    /// A text behind its name, in a column of its own.
    static func labelled(_ label: String, _ text: String, indent: Int = 10, style: TextStyle) -> [String] {
        let lines = wrap(text, width: style.width - indent)
        return lines.enumerated().map { index, line in
            let name = index == 0 ? label : ""
            return style.paint(left(name, indent), .heading) + line
        }
    }

    static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// Shortened in the middle, where a path or a symbol says least.
    static func clipped(_ text: String, _ width: Int, _ style: TextStyle) -> String {
        guard text.count > width else { return text }
        let mark = style.hasUnicode ? "…" : "..."
        let kept = max(width - mark.count, 2)
        return text.prefix(kept / 2) + mark + text.suffix(kept - kept / 2)
    }
}
