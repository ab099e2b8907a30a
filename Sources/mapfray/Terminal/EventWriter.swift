import Analysis
import Reports
import TraceLog

/// Writes calls to standard output as they are read, a line each.
struct EventWriter: ~Copyable {
    private var output = StandardOutput()
    private let isJSON: Bool
    /// Nanoseconds behind the last instant in which calls that began before it may still end.
    private static let longest: UInt64 = 10_000_000_000
    private let namer: BacktraceNamer?

    /// - Parameter namer: names the backtraces; nil leaves them out.
    init(isJSON: Bool, namer: BacktraceNamer?) {
        self.isJSON = isJSON
        self.namer = namer
    }

    /// - Parameters:
    ///   - first: calls that began before it are left out, CLOCK_MONOTONIC nanoseconds.
    ///   - last: so are those that began after it.
    mutating func write(_ log: RecordedLog, from first: UInt64? = nil, to last: UInt64? = nil) throws(Failure)
    {
        var reader = try log.open(from: first)
        if let folded = reader.facts.foldedTime, first ?? 0 < folded {
            tell(
                "warning: the log of process \(log.process) was kept within a size: its calls until @\(folded) are folded "
                    + "up and are not listed")
        }
        let process = log.process
        while let entry = reader.next() {
            guard case .call(let call) = entry, call.begin >= first ?? 0 else { continue }
            if let last, call.begin > last {
                // What comes now ended later still.
                if call.end > last &+ Self.longest { break }
                continue
            }
            let frames = namer.map { $0.frames(of: call.stack, reader.definitions) }
            let isCut = reader.definitions.isCut(call.stack)
            try output.write(
                isJSON ? EventText.json(call, process, frames, isCut: isCut) : EventText.line(call, process))
            if !isJSON, let frames { try write(FrameText.lines(frames, isCut: isCut)) }
        }
        log.warn(ofDamage: reader.damageText)
    }

    private mutating func write(_ backtrace: [String]) throws(Failure) {
        for line in backtrace { try output.writeLine("    " + line) }
    }

    mutating func flush() throws(Failure) {
        try output.flush()
    }
}
