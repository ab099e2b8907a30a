package import TraceLog

/// The code that VMAs are blamed on: backtraces that share their first frame outside libc and ld.so.
package struct Site: Sendable {
    /// One backtrace of the group.
    package struct Stack: Sendable {
        package var stack: StackID
        /// Innermost first.
        package var frames: [SiteFrame]
        /// It may lack callers.
        package var isCut = false
        package var peak = 0
        package var last = 0
        package var calls = 0
    }

    /// What there is to know of VMAs that no backtrace explains.
    package enum Origin: Sendable, Hashable {
        case code, withoutStack, beforeTrace, notObserved
        /// Its calls changed the map and made nothing.
        case madeNone
    }

    /// Whether any VMA was ever its own.
    var heldAny: Bool { created > 0 || peak != 0 || last != 0 }

    package var origin: Origin
    /// `function@module`, `module+0xoffset`, or why there is none.
    package var name: String
    /// VMAs held at the peak and at the end.
    package var peak = 0
    package var last = 0
    package var calls = 0
    package var failed = 0
    package var created = 0
    package var split = 0
    package var vanished = 0
    /// Of `vanished`: a neighbour grew over it.
    package var merged = 0
    /// CLOCK_MONOTONIC nanoseconds of its first and last call or change; 0: none.
    package var firstTime: UInt64 = 0
    package var lastTime: UInt64 = 0
    /// Nanoseconds, of VMAs that vanished.
    package var medianLifetime: UInt64?
    /// VMAs per second.
    package var growth = 0.0
    /// Live VMAs over time: CLOCK_MONOTONIC nanoseconds and count.
    package var history: [(time: UInt64, count: Int)] = []
    /// VMAs made by calls of each kind.
    package var operations: [LimitOperation: Int] = [:]
    package var pattern: Pattern?
    package var advice: [String] = []
    /// Distinct backtraces.
    package var stackCount = 0
    /// The heaviest eight, heaviest first.
    package var stacks: [Stack] = []

    package init(origin: Origin, name: String) {
        self.origin = origin
        self.name = name
    }
}
