/// What a process is called in a list: its program, without the folder.
package enum ProgramName {
    package static func short(_ command: [String]) -> String? {
        guard let first = command.first else { return nil }
        return title(first).split(separator: "/").last.map(String.init)
    }

    /// Some write all they have to say over their arguments, as one: `nginx: worker process`, `/bin/browser --type=tab`.
    private static func title(_ first: String) -> Substring {
        for at in first.indices.dropFirst()
        where first[at...].hasPrefix(": ") || first[at...].hasPrefix(" -") {
            return first[..<at]
        }
        return first[...]
    }
}
