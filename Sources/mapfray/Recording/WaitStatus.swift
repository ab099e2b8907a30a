/// How a process ended, as waitpid encodes it (the macros of sys/wait.h are not visible to Swift).
struct WaitStatus {
    var rawValue: Int32
    /// When it was given, CLOCK_MONOTONIC nanoseconds.
    var time = ProcessLife.now()

    /// The number of the signal that killed it, nil if it exited.
    var signal: Int32? {
        rawValue & 0x7F == 0 ? nil : rawValue & 0x7F
    }

    /// What a shell would report: the exit status, 128+n for signal n.
    var shellStatus: Int32 {
        signal.map { 128 + $0 } ?? rawValue >> 8 & 0xFF
    }
}
