import Foundation
import MapPlayer

/// What the command line asks for.
struct Settings {
    var calls = 100_000
    var seed: UInt64 = 1
    /// The number of the first script.
    var script: UInt64 = 0
    var seconds = Double.infinity
    /// Whether the model is told what the tracer asks the kernel, instead of all that was written; nil: in turn.
    var observes: Bool?

    static let usage = "USE: replay-fuzz [--calls N] [--seed S] [--script N] [--seconds T] [--observes 0|1]"

    init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let value = rest.popFirst().flatMap(Double.init), value >= 0 else { return nil }
            switch name {
            case "--calls": calls = Int(value)
            case "--seed": seed = UInt64(value)
            case "--script": script = UInt64(value)
            case "--seconds": seconds = value
            case "--observes": observes = value != 0
            default: return nil
            }
        }
    }
}

func report(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

guard let settings = Settings(Array(CommandLine.arguments.dropFirst())) else {
    report(Settings.usage)
    exit(64)
}
do {
    var fuzzer = try Fuzzer(settings)
    exit(try fuzzer.run() ? 0 : 1)
} catch {
    report("replay-fuzz: \(error)")
    exit(1)
}
