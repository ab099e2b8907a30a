import Analysis

/// Processes in the Prometheus text exposition format, for a node exporter's textfile collector.
///
/// https://prometheus.io/docs/instrumenting/exposition_formats/: no timestamps, which the collector refuses;
/// base units, which are seconds.
package enum PrometheusText {
    /// Sites written for each process.
    private static let sitesWritten = 10

    private struct Sample {
        var labels: [(name: String, value: String)]
        var value: Double
    }

    /// - Parameter now: Unix time, seconds.
    package static func text(_ processes: [LiveStatus], now: Double) -> String {
        counts(processes) + sites(processes) + forecasts(processes, now: now)
            + metric(
                "mapfray_update_timestamp_seconds", "gauge", "Unix time at which these metrics were written.",
                [Sample(labels: [], value: now)])
    }

    // MARK: metrics

    private static func counts(_ processes: [LiveStatus]) -> String {
        metric("mapfray_vmas", "gauge", "VMAs of the process, as vm.max_map_count counts them.", processes) {
            Double($0.report.vmas.last)
        }
            + metric("mapfray_vmas_peak", "gauge", "The most VMAs that the process has had.", processes) {
                Double($0.report.vmas.peak)
            }
            + metric("mapfray_vmas_limit", "gauge", "vm.max_map_count where the process runs.", processes) {
                $0.report.limit.map(Double.init)
            }
            + metric("mapfray_running", "gauge", "1 while the process runs, 0 after its end.", processes) {
                $0.isRunning ? 1 : 0
            }
            + metric("mapfray_calls_total", "counter", "Calls recorded that can change the map.", processes) {
                Double($0.report.calls.total)
            }
            + metric("mapfray_lost_records_total", "counter", "Records that could not be written.", processes)
        {
            Double($0.report.calls.lost)
        }
    }

    private static func sites(_ processes: [LiveStatus]) -> String {
        metric(
            "mapfray_site_vmas", "gauge", "VMAs that the code of this site holds.",
            perSite(processes) { Double($0.last) })
            + metric(
                "mapfray_site_growth_vmas_per_second", "gauge",
                "VMAs per second that the code of this site gains since its rate last changed.",
                perSite(processes) { $0.growthPerSecond })
    }

    private static func forecasts(_ processes: [LiveStatus], now: Double) -> String {
        metric(
            "mapfray_limit_reached_timestamp_seconds", "gauge",
            "Unix time at which the limit is predicted to be reached, or was; absent while the verdict is no-trend or unsure.",
            processes
        ) { status in status.limitReached.map { now + $0 } }
            + metric(
                "mapfray_limit_reached_seconds", "gauge",
                "Seconds until the limit is predicted to be reached, 0 once it was hit; absent while the verdict is no-trend or unsure.",
                processes
            ) { $0.secondsLeft }
            + metric(
                "mapfray_forecast", "gauge", "1 for the verdict of the forecast, 0 for the others.",
                processes.flatMap { status in
                    Forecast.Verdict.allCases.map { verdict in
                        Sample(
                            labels: labels(status) + [("verdict", verdict.rawValue)],
                            value: status.report.forecast.verdict == verdict ? 1 : 0)
                    }
                })
    }

    // MARK: samples

    private static func labels(_ status: LiveStatus) -> [(name: String, value: String)] {
        let name = ProgramName.short(status.report.process.command) ?? ""
        return [("pid", String(status.report.process.pid)), ("command", name)]
    }

    /// The sites that hold most and those that grow fastest. Two sites may have the same name: their samples are summed.
    private static func perSite(_ processes: [LiveStatus], _ value: (Report.Site) -> Double) -> [Sample] {
        processes.flatMap { status in
            let growing = status.holders.sorted { $0.growthPerSecond > $1.growthPerSecond }
            let chosen = Set((status.holders.prefix(sitesWritten) + growing.prefix(sitesWritten)).map(\.name))
            var values: [String: Double] = [:]
            for site in status.holders where chosen.contains(site.name) {
                values[site.name, default: 0] += value(site)
            }
            return values.sorted { $0.key < $1.key }.map {
                Sample(labels: labels(status) + [("site", $0.key)], value: $0.value)
            }
        }
    }

    private static func metric(
        _ name: String, _ type: String, _ help: String, _ processes: [LiveStatus],
        _ value: (LiveStatus) -> Double?
    ) -> String {
        metric(
            name, type, help,
            processes.compactMap { status in
                value(status).map { Sample(labels: labels(status), value: $0) }
            })
    }

    private static func metric(_ name: String, _ type: String, _ help: String, _ samples: [Sample]) -> String
    {
        "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
            + samples.map { "\(name)\(braced($0.labels)) \(number($0.value))\n" }.joined()
    }

    private static func braced(_ labels: [(name: String, value: String)]) -> String {
        if labels.isEmpty { return "" }
        return "{" + labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",") + "}"
    }

    /// Backslash, quote and newline must not stand in a label's value as they are.
    private static func escaped(_ value: String) -> String {
        value.unicodeScalars.reduce(into: "") { text, character in
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(character)
            }
        }
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
    }
}
