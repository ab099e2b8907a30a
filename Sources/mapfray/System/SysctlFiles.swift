import Foundation
import Reports

/// Where vm.max_map_count is set, by the rules of `sysctl --system` (man sysctl.d).
struct SysctlFiles {
    /// In order of precedence: the first that has a file of some name hides the others of that name.
    private static let folders = [
        "/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d",
    ]
    /// Read after all others by sysctl --system, and not at all by systemd-sysctl.
    private static let last = "/etc/sysctl.conf"

    private let root: String

    /// - Parameter root: the folder under which the system lies, "" for the running one.
    init(root: String) { self.root = root.hasSuffix("/") ? String(root.dropLast()) : root }

    /// Every line that sets it, in the order in which they are applied; the last that is not hidden holds.
    var settings: [SystemCheck.Setting] {
        var seen: Set<String> = []
        var files: [(name: String, path: String, isHidden: Bool)] = []
        var folders: Set<String> = []
        for folder in Self.folders where folders.insert(Self.real(root + folder)).inserted {
            for name in names(folder) {
                files.append((name, "\(folder)/\(name)", !seen.insert(name).inserted))
            }
        }
        files.sort { $0.name < $1.name }
        files.append(("", Self.last, false))
        var settings = files.flatMap { self.settings(in: $0.path, isHidden: $0.isHidden) }
        if let holding = settings.lastIndex(where: { !$0.hidden }) { settings[holding].effective = true }
        return settings
    }

    /// /lib is a link to /usr/lib on merged systems: not to be read twice.
    private static func real(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }

    private func names(_ folder: String) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: root + folder)
        return (names ?? []).filter { $0.hasSuffix(".conf") }
    }

    private func settings(in path: String, isHidden: Bool) -> [SystemCheck.Setting] {
        guard let bytes = FileManager.default.contents(atPath: root + path) else { return [] }
        let lines = String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        return lines.enumerated().compactMap { index, line in
            Self.value(line).map {
                SystemCheck.Setting(path: path, line: index + 1, value: $0, hidden: isHidden)
            }
        }
    }

    /// `vm.max_map_count = 262144`; a dash before it means that failing to set it is no error.
    private static func value(_ line: Substring) -> Int? {
        let parts = line.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
        guard parts.count == 2 else { return nil }
        let key = parts[0].drop { $0 == "-" }.replacingOccurrences(of: "/", with: ".")
        return key == "vm.max_map_count" ? Int(parts[1]) : nil
    }
}
