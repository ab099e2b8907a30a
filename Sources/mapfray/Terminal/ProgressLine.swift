import Glibc

/// How far a long pass has come: one line of standard error, and only on a terminal.
final class ProgressLine {
    private let isShown = isatty(2) == 1
    private let start = ContinuousClock.now
    private var last = -1

    /// - Parameter fraction: 0 to 1.
    func show(_ fraction: Double) {
        let percent = Int(fraction * 100)
        guard isShown, percent != last, ContinuousClock.now - start > .milliseconds(500) else { return }
        last = percent
        writeToStandardError("\rmapfray: reading \(percent) %")
    }

    /// Takes the line away.
    func clear() {
        if last >= 0 { writeToStandardError("\r\u{1B}[K") }
        last = -1
    }
}
