import Analysis
import Reports
import TraceLog

/// Writes calls to standard output as they are read, a line each.
struct EventWriter: ~Copyable {
    private var output = StandardOutput()
    private let isJSON: Bool
    private let namer: BacktraceNamer?

    /// - Parameter namer: names the backtraces; nil leaves them out.
    init(isJSON: Bool, namer: BacktraceNamer?) {
        self.isJSON = isJSON
        self.namer = namer
    }

    mutating func write(_ log: RecordedLog) throws(Failure) {
        var reader = try log.open()
        let process = log.process
        while let entry = reader.next() {
            guard case .call(let call) = entry else { continue }
            let frames = namer.map { $0.frames(of: call.stack, reader.definitions) }
            try output.write(isJSON ? EventText.json(call, process, frames) : EventText.line(call, process))
            if !isJSON, let frames { try write(frames) }
        }
        log.warn(ofDamage: reader.damageText)
    }

    private mutating func write(_ frames: [SiteFrame]) throws(Failure) {
        for frame in frames { try output.writeLine("    " + FrameText.line(frame)) }
    }

    mutating func flush() throws(Failure) {
        try output.flush()
    }
}
