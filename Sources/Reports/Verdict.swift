import Analysis

/// The answer to the first question: was it vm.max_map_count?
enum Verdict {
    static func sentence(_ report: Report, _ style: TextStyle) -> String {
        if let failure = report.failure { return sentence(failure, report, style) }
        if report.vmas.peak == 0 { return style.paint("Nothing can be said:", .warning) + " " + noMap }
        let peak = NumberText.count(report.vmas.peak)
        guard let limit = report.limit, limit > 0 else {
            return "No call failed at a limit. The peak was \(peak) VMAs; vm.max_map_count is not known."
        }
        let share = Double(report.vmas.peak) / Double(limit)
        let others =
            report.failures.first.map { " But \($0.call) failed with \($0.errno): \($0.reason)." } ?? ""
        let peakText = "The peak was \(peak) VMAs, \(NumberText.percent(share)) of vm.max_map_count."
        return nothingFailed(report, isFar: share < 0.5, style) + " " + peakText + others + killed(report)
    }

    /// What a log without a list of the map is good for, and what to do about it.
    static let noMap =
        "the log holds no list of the map, without which its calls have no meaning. If it is a flight recorder, "
        + "record again with a larger one."

    /// The kernel counted the tracer's VMAs as well, which the report's other counts leave out.
    private static func sentence(_ failure: Report.Failure, _ report: Report, _ style: TextStyle) -> String {
        let own = report.vmas.tracer
        let counts =
            NumberText.count(failure.count) + " VMAs"
            + (failure.limit.map { " of \(NumberText.count($0))" } ?? "")
        let event = "\(instant(failure, report)) \(failure.call) failed with \(failure.errno)"
        if failure.cause == .maxMapCount {
            let mine = own > 0 ? " (\(own) of them mapfray's)" : ""
            return style.paint("This is vm.max_map_count:", .bad) + " \(event), at \(counts)\(mine)."
        }
        if failure.cause == .uncertain {
            return style.paint("This may be vm.max_map_count:", .warning)
                + " \(event), at \(counts) as far as was recorded; \(failure.reason)."
        }
        let cause = failure.cause == .other ? "" : " but \(name(failure.cause))"
        let reason = failure.reason.isEmpty ? "" : "; \(failure.reason)"
        return style.paint("This is not vm.max_map_count\(cause):", .bad)
            + " \(event), at \(counts)\(reason)."
    }

    /// What a flight recorder has overwritten hides the start.
    private static func instant(_ failure: Report.Failure, _ report: Report) -> String {
        RecorderText.isCut(report)
            ? "\(TimeText.span(report.duration - failure.time)) before the end"
            : "\(TimeText.span(failure.time)) after the start"
    }

    /// Memory that runs out in a control group refuses no call: the kernel kills (Linux mm/memcontrol.c).
    private static func killed(_ report: Report) -> String {
        report.process.signal == 9
            ? " It was killed by signal 9: out of memory, if the kernel's log (dmesg) says oom-kill." : ""
    }

    /// What was lost may have failed.
    private static func nothingFailed(_ report: Report, isFar: Bool, _ style: TextStyle) -> String {
        if RecorderText.isCut(report) {
            let kept = "No call that the flight recorder has kept failed at a limit."
            return style.paint(kept, .warning)
        }
        if report.calls.lost == 0 {
            return style.paint("No call failed at a limit.", isFar ? .good : .warning)
        }
        let lost = plural(report.calls.lost, "record")
        return style.paint("No call that was recorded failed at a limit (\(lost) lost).", .warning)
    }

    static func name(_ cause: FailureCause) -> String {
        switch cause {
        case .maxMapCount: "vm.max_map_count"
        case .rlimitAS: "RLIMIT_AS (ulimit -v)"
        case .rlimitData: "RLIMIT_DATA (ulimit -d)"
        case .overcommit: "overcommit (vm.overcommit_memory)"
        case .addressSpace: "a full address space"
        case .cgroup: "the memory limit of the cgroup"
        case .rlimitMemlock: "RLIMIT_MEMLOCK (ulimit -l)"
        case .other, .uncertain: "something else"
        case .hole: "a hole in its range"
        case .sealed: "sealed memory"
        case .hugePages: "the huge pages that are free"
        }
    }
}
