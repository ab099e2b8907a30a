import Analysis
import Reports
import TraceLog

/// A call in words or for scripts.
enum EventText {
    /// `BEGIN PID TID call(arguments) = result <seconds>` and a newline.
    static func line(_ call: Call, _ process: UInt32) -> String {
        "\(call.begin) \(process) \(call.thread) \(call.text) = \(call.resultText) <\(seconds(call))>\n"
    }

    /// What the call took, to the nanosecond.
    private static func seconds(_ call: Call) -> String {
        let taken = call.end > call.begin ? call.end - call.begin : 0
        let fraction = String(taken % 1_000_000_000)
        return "\(taken / 1_000_000_000)." + String(repeating: "0", count: 9 - fraction.count) + fraction
    }

    /// The same as a document on a line; written by hand, because there may be millions.
    static func json(_ call: Call, _ process: UInt32, _ frames: [SiteFrame]?, isCut: Bool) -> String {
        let text = call.text
        let name = text.prefix { $0 != "(" }
        let error =
            call.succeeded ? "null" : JSONText.string(String(call.resultText.split(separator: " ")[1]))
        return #"{"begin":\#(call.begin),"pid":\#(process),"tid":\#(call.thread),"call":"\#(name)","text":"#
            + JSONText.string(text) + #","result":"# + JSONText.string(call.resultText)
            + #","errno":\#(error)"#
            + #","seconds":\#(seconds(call))\#(stack(frames, isCut))}"# + "\n"
    }

    private static func stack(_ frames: [SiteFrame]?, _ isCut: Bool) -> String {
        guard let frames else { return "" }
        return #","frames":["# + frames.map(json).joined(separator: ",") + #"],"cut":\#(isCut)"#
    }

    private static func json(_ frame: SiteFrame) -> String {
        #"{"function":\#(frame.function.map { JSONText.string($0) } ?? "null"),"module":\#(JSONText.string(frame.module))"#
            + #","file":\#(frame.file.map { JSONText.string($0) } ?? "null"),"line":\#(frame.line.map { String($0) } ?? "null")"#
            + #","offset":\#(frame.offset),"inlined":\#(frame.inlined)}"#
    }
}
