/// How a text is shown: what the terminal can do and what its user wants.
package struct TextStyle: Sendable {
    /// ANSI colours.
    package var hasColors: Bool
    /// Block and line characters; otherwise plain ASCII.
    package var hasUnicode: Bool
    /// Columns.
    package var width: Int
    /// Lines that a page should take at most.
    package var height: Int

    package init(hasColors: Bool = false, hasUnicode: Bool = true, width: Int = 80, height: Int = 30) {
        self.hasColors = hasColors
        self.hasUnicode = hasUnicode
        self.width = width
        self.height = height
    }

    /// What a colour says, so that the same thing has the same colour everywhere.
    package enum Role: String, Sendable {
        case heading = "1"
        case bad = "31;1"
        case good = "32"
        case warning = "33"
        case aside = "2"
    }

    package func paint(_ text: String, _ role: Role) -> String {
        hasColors ? "\u{1B}[\(role.rawValue)m\(text)\u{1B}[0m" : text
    }
}
