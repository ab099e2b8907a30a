import Foundation

/// A call that changes the map, reduced to what strace and a log write alike.
struct SystemCall: Hashable, CustomStringConvertible {
    var name: String
    /// The address and the length, as far as the call has them.
    var numbers: [UInt64]
    /// The result, or the name of the error.
    var outcome: String

    var description: String {
        "\(name)(\(numbers.map { String($0, radix: 16) }.joined(separator: ", "))) = \(outcome)"
    }

    /// Those that strace of 2022 knows by name.
    static let names: [Substring: Int] = [
        "mmap": 2, "munmap": 2, "mprotect": 2, "pkey_mprotect": 2, "mremap": 2, "brk": 1, "madvise": 2,
        "mlock": 2,
        "mlock2": 2, "munlock": 2, "mlockall": 0, "munlockall": 0, "mbind": 2, "shmat": 0, "shmdt": 1,
        "remap_file_pages": 2,
    ]

    /// Reads `name(arguments) = result`, as both print it; nil for another call.
    init?(_ line: Substring) {
        guard let open = line.firstIndex(of: "("), let count = Self.names[line[..<open]],
            let close = line.lastRange(of: " = ")
        else { return nil }
        name = String(line[..<open])
        numbers = line[line.index(after: open)...].split(separator: ",", maxSplits: count).prefix(count).map(
            Self.number)
        let words = line[close.upperBound...].split(separator: " ")
        guard let first = words.first else { return nil }
        outcome = first == "-1" && words.count > 1 ? String(words[1]) : String(Self.number(first), radix: 16)
    }

    private static func number(_ text: Substring) -> UInt64 {
        let digits = text.drop { $0 == " " }.prefix { $0.isHexDigit || $0 == "x" }
        return digits.hasPrefix("0x") ? UInt64(digits.dropFirst(2), radix: 16) ?? 0 : UInt64(digits) ?? 0
    }
}

extension Substring {
    /// Where `part` is found last.
    fileprivate func lastRange(of part: String) -> Range<Index>? { range(of: part, options: .backwards) }
}

/// What strace and a log say of the same run, thread by thread.
struct CallComparison {
    /// Calls that both have.
    private(set) var seen = 0
    /// Calls that strace has and the log has not, after recording began in their image.
    private(set) var unseen: [SystemCall] = []
    /// Calls that the log has and strace has not.
    private(set) var invented: [SystemCall] = []
    /// Calls of images with no record at all: of programs that cannot be traced, and of mapfray.
    private(set) var untraced: [Int: Int] = [:]

    /// - Parameter images: per thread, what strace saw between one execve and the next; the first of a process that
    ///   was forked begins with the fork.
    /// - Parameter cutOff: Threads whose last call was also their last word: another thread ended the process before
    ///   this one could write the call down.
    init(images: [Int: [[SystemCall]]], recorded: [Int: [SystemCall]], cutOff: Set<Int>) {
        for (thread, images) in images {
            add(thread, images, recorded[thread] ?? [], isCutOff: cutOff.contains(thread))
        }
        for (thread, calls) in recorded where images[thread] == nil { invented += calls }
    }

    private mutating func add(
        _ thread: Int, _ images: [[SystemCall]], _ recorded: [SystemCall], isCutOff: Bool
    ) {
        let truth = images.flatMap(\.self)
        guard !recorded.isEmpty else {
            untraced[thread] = truth.count
            return
        }
        let matched = match(truth, recorded)
        var start = 0
        for (number, image) in images.enumerated() {
            let places = start..<start + image.count
            start = places.upperBound
            // An image begins with ld.so, before the tracer runs; one without a record is a program not traced.
            // A thread's or forked child's first image began inside a traced program, if any of it was recorded.
            let first =
                number == 0 && matched.contains(where: places.contains)
                ? places.lowerBound : places.first(where: matched.contains) ?? places.upperBound
            for place in first..<places.upperBound {
                let isLastWord = isCutOff && place == truth.count - 1
                if matched.contains(place) { seen += 1 } else if !isLastWord { unseen.append(truth[place]) }
            }
        }
    }

    /// Finds the recorded calls among the true ones, both in order, the latest first: what ld.so does before recording
    /// begins may look like what happens later, but nothing comes after the end.
    private mutating func match(_ truth: [SystemCall], _ recorded: [SystemCall]) -> Set<Int> {
        var places: [SystemCall: [Int]] = [:]
        for (place, call) in truth.enumerated() { places[call, default: []].append(place) }
        var matched: Set<Int> = []
        var bound = truth.count
        for call in recorded.reversed() {
            while let last = places[call]?.last, last >= bound { places[call]?.removeLast() }
            guard let place = places[call]?.popLast() else {
                invented.append(call)
                continue
            }
            matched.insert(place)
            bound = place
        }
        return matched
    }
}
