import Foundation
import Testing

/// `top --prometheus`: what Prometheus' own tools make of the file.
@Suite struct PrometheusTests {
    private static let promtool = "/usr/bin/promtool"
    private static let exporter = "/usr/bin/prometheus-node-exporter"
    private static let why: Comment = "prometheus is not installed (tools/install-packages test)"

    private static func isThere(_ program: String) -> Bool { access(program, X_OK) == 0 }

    /// Metrics of a leak, in a folder of their own.
    private func metrics(of leak: LiveLeak) throws -> String {
        _ = try leak.settled()
        let folder = leak.scratch.file("collected")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let result = try mapfray("top", leak.log, "--once", "--prometheus", folder + "/mapfray.prom")
        #expect(result.status == 0 && result.errors == "")
        #expect(try leak.scratch.contents("collected") == ["mapfray.prom"])
        return folder
    }

    @Test(.enabled(if: isThere(promtool), why)) func `promtool finds nothing to say`() throws {
        let leak = try LiveLeak()
        let file = try metrics(of: leak) + "/mapfray.prom"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let result = try run(Self.promtool, ["check", "metrics"], input: text)
        #expect(result.status == 0 && result.errors == "" && result.text == "", "\(result.errors)\(text)")
        #expect(
            text.contains("mapfray_site_vmas{") && text.contains("site=\"hold@leak\"} \(LiveLeak.held)\n"))
        // The oracle does complain where there is something.
        let broken = try run(
            Self.promtool, ["check", "metrics"], input: text + "mapfray_vmas{x=\"a\"b\"} 1\n")
        #expect(broken.status != 0)
    }

    @Test(.enabled(if: isThere(exporter) && isThere(promtool), why))
    func `a node exporter serves it`() throws {
        let leak = try LiveLeak()
        let folder = try metrics(of: leak)
        let port = 20_000 + Int(getpid()) % 20_000
        let exporter = Process()
        exporter.executableURL = URL(fileURLWithPath: Self.exporter)
        exporter.arguments = [
            "--collector.disable-defaults", "--collector.textfile",
            "--collector.textfile.directory=\(folder)",
            "--web.listen-address=127.0.0.1:\(port)",
        ]
        exporter.standardError = FileHandle.nullDevice
        try exporter.run()
        defer {
            exporter.terminate()
            exporter.waitUntilExit()
        }
        let page = try scrape(port)
        #expect(page.contains("mapfray_site_vmas{command=\"leak\","))
        #expect(page.contains("node_textfile_scrape_error 0\n"))
    }

    private func scrape(_ port: Int) throws -> String {
        var page = ""
        try eventually {
            let result = try run("/bin/bash", ["-c", Self.client, "client", "\(port)"])
            page = result.status == 0 ? result.text : ""
            return page.contains("node_textfile_scrape_error")
        }
        return page
    }

    private static let client = """
        exec 3<>/dev/tcp/127.0.0.1/$1 && printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3
        """
}
