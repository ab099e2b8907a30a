import ArgumentParser
import Glibc
import Reports

/// When to use colours.
enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
    case auto, always, never
}

struct StyleArguments: ParsableArguments {
    @Option(help: "Colours: \(ColorChoice.allCases.map(\.rawValue).joined(separator: ", ")).")
    var color = ColorChoice.auto
}

extension TextStyle {
    /// The style for what is written to `descriptor`.
    static func forDescriptor(_ descriptor: Int32, color: ColorChoice = .auto) -> TextStyle {
        TextStyle(hasColors: hasColors(descriptor, color), hasUnicode: isUTF8, width: 80)
    }

    private static func hasColors(_ descriptor: Int32, _ choice: ColorChoice) -> Bool {
        switch choice {
        case .always: true
        case .never: false
        // NO_COLOR counts if it is not empty (no-color.org).
        case .auto: isatty(descriptor) == 1 && variable("NO_COLOR").isEmpty && variable("TERM") != "dumb"
        }
    }

    /// The locale's encoding, by the variables' own precedence (locale(7)).
    private static var isUTF8: Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(variable).first { !$0.isEmpty } ?? ""
        let name = locale.lowercased()
        return name.contains("utf-8") || name.contains("utf8")
    }

    private static func variable(_ name: String) -> String {
        getenv(name).map { String(cString: $0) } ?? ""
    }
}
