import Foundation
import Testing

/// `top` on a terminal: inside its width, in place, and gone without a trace.
@Suite(.enabled(if: TerminalSession.isThere, "tmux is not installed (tools/install-packages test)"))
struct TopScreenTests {
    private func watch(_ leak: LiveLeak, in terminal: TerminalSession) throws -> [String] {
        try terminal.run("clear; '\(mapfrayPath())' top '\(leak.log)' --interval 200ms")
        return try terminal.wait { $0.contains("q quits") && $0.contains("hold (leak)") }
    }

    @Test(arguments: [60, 80, 132])
    func `everything stands inside the width`(columns: Int) throws {
        let leak = try LiveLeak()
        _ = try leak.settled()
        let terminal = try TerminalSession(columns: columns, rows: 24)
        let lines = try watch(leak, in: terminal)
        #expect(lines.count { !$0.isEmpty } <= 24)
        #expect(lines.allSatisfy { $0.count <= columns })
        #expect(lines.first?.contains("(pid ") == true && lines.first?.contains("running") == true)
        #expect(lines.contains { $0.hasPrefix("Count") && $0.contains("4,5") && $0.contains("of ") })
        #expect(lines.contains { $0.hasPrefix("Forecast") })
        #expect(lines.contains { $0.hasPrefix("    VMAs  share  growth/s  site") })
        // The page is as wide as it may be: a chart's axis ends at the same place in all its lines.
        #expect(lines.map(\.count).max() ?? 0 > min(columns, 130) - 8)
    }

    @Test func `colours come and go with NO_COLOR`() throws {
        let leak = try LiveLeak()
        _ = try leak.settled()
        for (variable, hasColors) in [("", true), ("1", false)] {
            let terminal = try TerminalSession(columns: 80, rows: 24, environment: ["NO_COLOR": variable])
            _ = try watch(leak, in: terminal)
            let colored = try terminal.screen(withColors: true).contains { $0.contains("\u{1B}[3") }
            #expect(colored == hasColors)
        }
    }

    @Test func `another size is drawn at once`() throws {
        let leak = try LiveLeak()
        _ = try leak.settled()
        let terminal = try TerminalSession(columns: 132, rows: 30)
        try terminal.run("clear; '\(mapfrayPath())' top '\(leak.log)' --interval 1h")
        try terminal.wait { $0.contains("q quits") }
        try terminal.resize(columns: 60, rows: 20)
        let lines = try terminal.wait { screen in
            screen.contains("q quits") && screen.split(separator: "\n").allSatisfy { $0.count <= 60 }
        }
        #expect(lines.filter { $0.contains("growth/s") }.count == 1)
    }

    @Test(arguments: ["q", "C-c"])
    func `the terminal is as it was afterwards`(key: String) throws {
        let leak = try LiveLeak()
        _ = try leak.settled()
        let terminal = try TerminalSession(columns: 80, rows: 24)
        try terminal.run("stty -a | cksum > '\(leak.scratch.file("before"))'")
        _ = try watch(leak, in: terminal)
        try terminal.press(key)
        try terminal.wait { $0.contains("ready>") && !$0.contains("q quits") }
        try terminal.run("stty -a | cksum > '\(leak.scratch.file("after"))'; echo do''ne")
        // What was typed is seen: echo is on again.
        try terminal.wait { $0.contains("do''ne") && $0.contains("\ndone") }
        let settings = try ["before", "after"].map {
            try String(contentsOfFile: leak.scratch.file($0), encoding: .utf8)
        }
        #expect(settings[0] == settings[1] && !settings[0].isEmpty)
    }

    @Test func `it ends when the process ends, and says so`() throws {
        let leak = try LiveLeak()
        _ = try leak.settled()
        let terminal = try TerminalSession(columns: 60, rows: 24)
        _ = try watch(leak, in: terminal)
        leak.end()
        // The shell says so a little later.
        let lines = try terminal.wait { screen in
            let said = screen.range(of: "has ended; look at it with: mapfray report")
            return said.map { screen[$0.upperBound...].contains("\nready>") } ?? false
        }
        // Longer than a line, and whole nevertheless.
        #expect(lines.joined().contains("mapfray report \(leak.log)"))
    }
}
