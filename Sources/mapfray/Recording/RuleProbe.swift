import CLinux
import Foundation

/// Asks the running kernel about the rules in which kernels differ (`KernelRules`), by trying each on a few pages of
/// a child of our own: stable releases backport them, so that the version is no sure sign.
struct RuleProbe {
    private static let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    /// Pages that each trial has to itself.
    private static let room = 16
    private static let trials = 10
    private static let readWrite = PROT_READ | PROT_WRITE

    private let base: UnsafeMutableRawPointer

    /// What the kernel answered, by the rule's name; rules that could not be tried are left out. Leaves pages behind: one
    /// is sealed.
    private static func answers() -> [String: Bool] {
        let size = trials * room * page
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let base = mmap(nil, size, PROT_NONE, flags, -1, 0), base != MAP_FAILED else { return [:] }
        return RuleProbe(base: base).answers()
    }

    /// As the tracer takes it over (MAPFRAY_RULES); empty where the trials killed the child that made them, as a
    /// sandbox may that knows fewer system calls.
    static var setting: String { ForkedAnswer.text { text } }

    private static var text: String {
        answers().sorted { $0.key < $1.key }.map { "\($0)=\($1 ? 1 : 0)" }.joined(separator: " ")
    }

    private func answers() -> [String: Bool] {
        let tried = [
            mapStack(0), protectUnwritten(1), restoreSegment(2), mergeIntoUnwritten(3), installGuard(4),
            leaveBehind(5), moveTwo(6), unmapToSeal(7), fillHole(8), growToNext(9),
        ]
        let list = Self.list()
        var result: [String: Bool] = [:]
        for judge in tried.compactMap({ $0 }) {
            let (name, answer) = judge(list)
            result[name] = answer
        }
        return result
    }
}

// MARK: - Trials: each does its deeds, and later judges by the list of VMAs
extension RuleProbe {
    private typealias Judge = ([Line]) -> (String, Bool)

    private func mapStack(_ trial: Int) -> Judge? {
        guard map(trial, 0, 1, MAP_STACK) else { return nil }
        return { ("stack_means_no_huge_page", flags(of: trial, 0, $0).contains("nh")) }
    }

    private func protectUnwritten(_ trial: Int) -> Judge? {
        guard map(trial, 0, 1), mprotect(at(trial, 0), Self.page, PROT_READ) == 0 else { return nil }
        return { ("unwritten_loses_accounting", !flags(of: trial, 0, $0).contains("ac")) }
    }

    /// Gives a part of a segment's middle back the rights of what follows it: only a boundary has to move.
    private func restoreSegment(_ trial: Int) -> Judge? {
        let id = shmget(IPC_PRIVATE, 4 * Self.page, 0o600)
        guard id >= 0 else { return nil }
        let place = at(trial, 0)
        let attached = shmat(id, place, Int32(SHM_REMAP))
        shmctl(id, IPC_RMID, nil)
        guard attached == place, mprotect(at(trial, 1), 2 * Self.page, PROT_READ) == 0,
            mprotect(at(trial, 2), Self.page, Self.readWrite) == 0
        else { return nil }
        return { list in
            ("close_hook_blocks_deletion_only", list.count { isIn(trial, 0, 4, $0) } == 3)
        }
    }

    /// Makes what was written like its neighbour, which was not.
    private func mergeIntoUnwritten(_ trial: Int) -> Judge? {
        guard map(trial, 1, 1) else { return nil }
        at(trial, 1).storeBytes(of: 1, as: UInt8.self)
        guard mprotect(at(trial, 1), Self.page, PROT_READ) == 0, map(trial, 0, 1),
            mprotect(at(trial, 1), Self.page, Self.readWrite) == 0
        else { return nil }
        return { list in ("unwritten_target_accepts", list.count { isIn(trial, 0, 2, $0) } == 1) }
    }

    private func installGuard(_ trial: Int) -> Judge? {
        let guardInstall: Int32 = 102
        guard map(trial, 0, 2), madvise(at(trial, 0), Self.page, guardInstall) == 0 else { return nil }
        return { ("guard_is_sticky", flags(of: trial, 1, $0).contains("gu")) }
    }

    private func leaveBehind(_ trial: Int) -> Judge? {
        let keepingSource: Int32 = 7
        guard map(trial, 0, 1),
            linux_mremap(at(trial, 0), Self.page, Self.page, keepingSource, at(trial, 4)) == 0
        else { return nil }
        return { ("dont_unmap_keeps_accounting", flags(of: trial, 0, $0).contains("ac")) }
    }

    private func moveTwo(_ trial: Int) -> Judge? {
        guard map(trial, 0, 2), mprotect(at(trial, 0), Self.page, PROT_READ) == 0 else { return nil }
        let fixed: Int32 = 3
        let moved = linux_mremap(at(trial, 0), 2 * Self.page, 2 * Self.page, fixed, at(trial, 8)) == 0
        return { _ in ("mremap_moves_many", moved) }
    }

    private func unmapToSeal(_ trial: Int) -> Judge? {
        guard map(trial, 0, 3), linux_mseal(at(trial, 2), Self.page) == 0,
            munmap(at(trial, 1), 2 * Self.page) != 0
        else { return nil }
        return { list in ("seals_checked_in_walk", list.contains { $0.start == address(trial, 1) }) }
    }
}

// MARK: - Trials of what kernels with the version of an older one have from newer ones
extension RuleProbe {
    /// Between two pages that were written apart.
    private func fillHole(_ trial: Int) -> Judge? {
        for page in [0, 2] {
            guard map(trial, page, 1) else { return nil }
            at(trial, page).storeBytes(of: 1, as: UInt8.self)
        }
        guard map(trial, 1, 1) else { return nil }
        return { list in ("mmap_asks_next_first", list.contains { $0.start == address(trial, 1) }) }
    }

    private func growToNext(_ trial: Int) -> Judge? {
        guard map(trial, 0, 1), map(trial, 2, 1), munmap(at(trial, 1), Self.page) == 0,
            linux_mremap(at(trial, 0), Self.page, 2 * Self.page, 0, nil) == 0
        else { return nil }
        return { list in ("growth_joins_next", list.count { isIn(trial, 0, 3, $0) } == 1) }
    }
}

// MARK: - Pages and VMAs
extension RuleProbe {
    private struct Line {
        var start: UInt
        var end: UInt
        var flags: [Substring] = []
    }

    private func at(_ trial: Int, _ page: Int) -> UnsafeMutableRawPointer {
        base + (trial * Self.room + page) * Self.page
    }

    private func address(_ trial: Int, _ page: Int) -> UInt { UInt(bitPattern: at(trial, page)) }

    private func map(_ trial: Int, _ page: Int, _ pages: Int, _ flags: Int32 = 0) -> Bool {
        let all = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | flags
        return mmap(at(trial, page), pages * Self.page, Self.readWrite, all, -1, 0) != MAP_FAILED
    }

    private func isIn(_ trial: Int, _ page: Int, _ pages: Int, _ line: Line) -> Bool {
        line.start >= address(trial, page) && line.start < address(trial, page + pages)
    }

    private func flags(of trial: Int, _ page: Int, _ list: [Line]) -> [Substring] {
        list.first { $0.start <= address(trial, page) && address(trial, page) < $0.end }?.flags ?? []
    }

    /// Every VMA with the flags that smaps names.
    private static func list() -> [Line] {
        // Of no known size, so that it has to be read to its end.
        let file = FileHandle(forReadingAtPath: "/proc/self/smaps")
        let text = String(decoding: (try? file?.readToEnd()) ?? Data(), as: UTF8.self)
        var result: [Line] = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("VmFlags:") {
                if let last = result.indices.last {
                    result[last].flags = line.dropFirst(8).split(separator: " ")
                }
            } else if let range = range(line) {
                result.append(range)
            }
        }
        return result
    }

    private static func range(_ line: Substring) -> Line? {
        guard let dash = line.firstIndex(of: "-"), let start = UInt(line[..<dash], radix: 16),
            let end = UInt(line[line.index(after: dash)...].prefix { $0 != " " }, radix: 16)
        else { return nil }
        return Line(start: start, end: end)
    }
}
