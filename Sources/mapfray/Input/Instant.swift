import ArgumentParser

/// A moment of a recording, as `--at` takes it.
enum Instant: ExpressibleByArgument, Equatable {
    /// Seconds since the first record.
    case seconds(Double)
    /// CLOCK_MONOTONIC nanoseconds.
    case absolute(UInt64)
    case peak
    case failure
    case end

    init?(argument: String) {
        switch argument {
        case "peak": self = .peak
        case "failure": self = .failure
        case "end": self = .end
        default:
            guard let instant = Self.number(argument) else { return nil }
            self = instant
        }
    }

    private static func number(_ text: String) -> Instant? {
        if text.hasPrefix("@") { return UInt64(text.dropFirst()).map { .absolute($0) } }
        guard let seconds = Double(text), seconds >= 0, seconds < 1e9 else { return nil }
        return .seconds(seconds)
    }

    /// The help of every `--at`.
    static let help = ArgumentHelp(
        "Seconds since the first record, @NS (CLOCK_MONOTONIC nanoseconds), peak, failure or end.",
        valueName: "time")
}
