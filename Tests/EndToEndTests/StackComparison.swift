import Foundation
import TraceLog

/// The stacks in a log beside those that libunwind or gdb found from the outside (Programs/stack-oracle.c,
/// gdb-oracle.py), call by call.
struct StackComparison {
    /// A call and its backtrace, innermost first.
    struct Sample {
        var call: [UInt64]
        var frames: [UInt64]
        var isCut = false
    }

    /// Calls that both have, and those whose backtraces are equal in every frame.
    private(set) var compared = 0
    private(set) var equal = 0
    /// Frames of the compared backtraces as the oracle has them, and those that are equal, from the innermost on.
    private(set) var frames = 0
    private(set) var equalFrames = 0
    private(set) var differences: [String] = []
    /// Backtraces that are equal up to code that nobody describes (a frame in no library, or where ours are marked as
    /// cut), and differ beyond.
    private(set) var equalUpToGap = 0
    /// Backtraces that the log marks as cut.
    private(set) var cut = 0

    let modules: [Module]

    private static let numbers: [CallKind: UInt64] = [
        .mmap: 9, .mprotect: 10, .munmap: 11, .brk: 12, .mremap: 25, .madvise: 28,
    ]

    /// - Parameter oracle: What the oracle wrote.
    init(log: String, oracle: String) throws {
        var reader = try LogReader(path: log)
        var recorded: [UInt64: [Sample]] = [:]
        while let entry = reader.next() {
            guard case .call(let call) = entry, !call.flags.contains(.inTracer),
                let number = Self.numbers[call.kind]
            else { continue }
            recorded[UInt64(call.thread), default: []].append(
                Sample(
                    call: [number, call.arguments.0, call.argumentCount > 1 ? call.arguments.1 : 0],
                    frames: reader.definitions[call.stack].map(\.runtimeAddress),
                    isCut: reader.definitions.stackIsCut[Int(call.stack.rawValue)]))
        }
        modules = reader.definitions.modules
        let seen = Self.samples(oracle)
        for (thread, samples) in recorded.sorted(by: { $0.key < $1.key }) {
            compare(samples, seen[thread] ?? [])
        }
    }

    func summary(_ name: String) -> String {
        "\(name): \(equal) of \(compared) backtraces and \(equalFrames) of \(frames) frames are the oracle's; "
            + "\(equalUpToGap) are so up to code without description; \(cut) marked as cut"
    }

    private static func samples(_ oracle: String) -> [UInt64: [Sample]] {
        var samples: [UInt64: [Sample]] = [:]
        for line in oracle.split(separator: "\n") {
            let words = line.split(separator: " ").compactMap { UInt64($0, radix: 16) }
            guard words.count >= 4 else { continue }
            let second = words[1] == 12 ? 0 : words[3]
            samples[words[0], default: []].append(
                Sample(call: [words[1], words[2], second], frames: Array(words[4...])))
        }
        return samples
    }

    /// Both in order, the latest first: what ld.so did before recording began may look like what came later.
    private mutating func compare(_ recorded: [Sample], _ seen: [Sample]) {
        var place = seen.endIndex
        for sample in recorded.reversed() {
            guard let match = seen[..<place].lastIndex(where: { $0.call == sample.call }) else {
                differences.append("not seen by the oracle: \(sample.call.map { String($0, radix: 16) })")
                continue
            }
            place = match
            judge(sample, seen[match])
        }
    }

    private mutating func judge(_ ours: Sample, _ theirs: Sample) {
        compared += 1
        frames += theirs.frames.count
        equalFrames += zip(ours.frames, theirs.frames).prefix { $0 == $1 }.count
        if ours.isCut { cut += 1 }
        let common = zip(ours.frames, theirs.frames).prefix { $0 == $1 }.count
        if ours.frames == theirs.frames {
            equal += 1
        } else if ours.isCut && common == ours.frames.count
            || ours.frames.prefix(common).contains(where: { module(of: $0) == nil })
        {
            equalUpToGap += 1
        } else {
            differences.append(
                "call \(ours.call[0]) ours\(ours.isCut ? " (cut)" : ""): \(text(ours.frames)) "
                    + "theirs: \(text(theirs.frames))")
        }
    }

    private func module(of address: UInt64) -> Module? { modules.last { $0.range.contains(address) } }

    private func text(_ frames: [UInt64]) -> String {
        frames.map { address in
            guard let module = module(of: address) else {
                return String(address, radix: 16)
            }
            let name = module.path.split(separator: "/").last ?? ""
            return "\(name)+\(String(address &- module.bias, radix: 16))"
        }.joined(separator: " ")
    }
}
