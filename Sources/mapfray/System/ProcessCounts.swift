import Foundation
import Reports

/// How many VMAs the running processes have.
enum ProcessCounts {
    /// Every process whose list can be read, and how many cannot be.
    static func all(limit: Int) -> (processes: [SystemCheck.Process], unreadable: Int) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        var processes: [SystemCheck.Process] = []
        var unreadable = 0
        for pid in names.compactMap({ UInt32($0) }) where !isKernelThread(pid) {
            guard let count = count(pid) else {
                // One that has ended meanwhile is no loss.
                if FileManager.default.fileExists(atPath: "/proc/\(pid)/stat") { unreadable += 1 }
                continue
            }
            if count > 0 { processes.append(process(pid, count, limit)) }
        }
        processes.sort { ($0.vmas, $1.pid) > ($1.vmas, $0.pid) }
        return (processes, unreadable)
    }

    /// One process; nil if its list cannot be read.
    static func one(_ pid: UInt32, limit: Int) -> SystemCheck.Process? {
        count(pid).map { process(pid, $0, limit) }
    }

    private static func process(_ pid: UInt32, _ count: Int, _ limit: Int) -> SystemCheck.Process {
        SystemCheck.Process(
            pid: Int(pid), command: command(pid), vmas: count, share: Double(count) / Double(max(limit, 1)))
    }

    /// The kernel counts every line of the list but that of [vsyscall], which is no VMA.
    private static func count(_ pid: UInt32) -> Int? {
        guard let list = try? FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/\(pid)/maps")) else {
            return nil
        }
        var lines = 0
        var tail = Data()
        do {
            while let part = try list.read(upToCount: 1 << 16), !part.isEmpty {
                lines += part.reduce(0) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
                tail = (tail + part).suffix(64)
            }
        } catch {
            return nil
        }
        return lines - (String(decoding: tail, as: UTF8.self).contains("[vsyscall]") ? 1 : 0)
    }

    /// Kernel threads have no memory of their own, and PF_KTHREAD among their flags (man 5 proc, stat).
    private static func isKernelThread(_ pid: UInt32) -> Bool {
        guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return false }
        let text = String(decoding: bytes, as: UTF8.self)
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        return fields.count > 7 && (UInt64(fields[7]) ?? 0) & 0x20_0000 != 0
    }

    private static func command(_ pid: UInt32) -> String {
        let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
        let words = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        if !words.isEmpty { return words.joined(separator: " ") }
        let name = FileManager.default.contents(atPath: "/proc/\(pid)/comm") ?? Data()
        return "[" + String(decoding: name, as: UTF8.self).trimmingCharacters(in: .newlines) + "]"
    }
}
