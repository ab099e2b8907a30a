import Dispatch
import Foundation
import Glibc
import Symbols

/// Looks at a recording while it goes on, in a thread of `mapfray record`: the program never waits for it.
final class Monitor: Sendable {
    /// What is done in every round and at the end.
    struct Duties: Sendable {
        var alarm: Alarm?
        /// Keep each log within this; nil: as large as it gets.
        var most: ByteSize?

        var isEmpty: Bool { alarm == nil && most == nil }
    }

    private let duties: Duties
    private let folder: String
    private let end = DispatchSemaphore(value: 0)
    private let isDone = DispatchSemaphore(value: 0)

    /// Seconds between two rounds; looking takes no more than this share of a processor. Where others take it, the
    /// rounds are no rarer for that: an alarm is wanted then most.
    private var interval: Double { duties.most == nil ? 1.0 : 0.2 }
    private static let share = 0.2
    /// Seconds between two looks at whether the next round is awaited.
    private static let glance = 0.05

    /// - Parameter folder: what is recorded to.
    init(_ duties: Duties, folder: String) {
        self.duties = duties
        self.folder = folder
    }

    /// Begins, once the program runs.
    func start() {
        let thread = Thread { [self] in
            watch()
            isDone.signal()
        }
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// The program has ended: a last look, and back when it is done.
    func finish() {
        end.signal()
        isDone.wait()
    }

    private func watch() {
        let logs = FollowedFolder(
            path: folder, isFolder: true, takesEnded: true, makesCheckpoints: duties.most != nil,
            symbols: SymbolizerOptions())
        var folding = duties.most.map { LogFolding(most: $0) }
        var bell = duties.alarm.map { AlarmBell($0, folder: folder) }
        var isOver = false
        while !isOver {
            let (begin, worked) = (ContinuousClock.now, ProcessLife.now(CLOCK_THREAD_CPUTIME_ID))
            logs.advance()
            let isBehind = logs.logs.contains { $0.isBehind }
            if !isBehind { bell?.look(at: logs.logs) }
            folding?.look(at: logs)
            logs.forgetEnded()
            let spent = (ContinuousClock.now - begin) / .seconds(1)
            let work = Double(ProcessLife.now(CLOCK_THREAD_CPUTIME_ID) - worked) / 1e9
            let pause = isBehind ? 0 : max(interval - spent, work * (1 / Self.share - 1), 0)
            isOver = rest(pause) { folding?.isAwaited(in: logs) ?? false }
        }
        repeat { logs.advance() } while logs.logs.contains { $0.isBehind }
        bell?.look(at: logs.logs)
        bell?.finish()
    }

    /// Waits for so many seconds, less where somebody waits for the next round; whether the program has ended.
    private func rest(_ pause: Double, unlessAwaited isAwaited: () -> Bool) -> Bool {
        var left = pause
        while left > Self.glance, !isAwaited() {
            if end.wait(timeout: .now() + Self.glance) == .success { return true }
            left -= Self.glance
        }
        return end.wait(timeout: .now() + min(left, Self.glance)) == .success
    }
}
