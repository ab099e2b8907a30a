import Foundation
import Symbols
import Testing

/// What another symbolizer says about one function at an address; nil where it does not know.
struct OracleFrame: Equatable {
    var function: String?
    var file: String?
    var line: Int?
}

/// The answers of binutils' addr2line, in the order of the addresses.
func addr2line(_ module: String, _ addresses: [UInt64]) throws -> [[OracleFrame]] {
    let input = addresses.map { String($0, radix: 16) + "\n" }.joined()
    let output = try run(["addr2line", "-a", "-f", "-i", "-C", "-e", module], input: input)
    var answers: [[OracleFrame]] = []
    var function: String?
    for line in output.split(separator: "\n") {
        if line.hasPrefix("0x") {
            answers.append([])
        } else if let name = function {
            answers[answers.count - 1].append(frame(function: name, place: line))
            function = nil
        } else {
            function = String(line)
        }
    }
    return answers
}

private func frame(function: String, place: Substring) -> OracleFrame {
    let place = place.prefix { $0 != " " }
    let colon = place.lastIndex(of: ":") ?? place.endIndex
    let file = place[..<colon]
    return OracleFrame(
        function: function == "??" ? nil : function, file: file == "??" ? nil : String(file),
        line: Int(place[colon...].dropFirst()).flatMap { $0 > 0 ? $0 : nil })
}

/// The answers of llvm-symbolizer, which comes with the Swift toolchain, demangled by c++filt and
/// swift-demangle.
///
/// For inlined C++ functions that have no linkage name it is right where addr2line 2.40 gives the caller's
/// name.
func llvmSymbolizer(_ module: String, _ addresses: [UInt64]) throws -> [[OracleFrame]] {
    let tool = try run(["sh", "-c", "echo $(dirname $(readlink -f $(command -v swiftc)))/llvm-symbolizer"])
    let command = [tool.trimmingCharacters(in: .newlines), "--no-demangle", "--output-style=JSON"]
    let input = addresses.map { "0x" + String($0, radix: 16) + "\n" }.joined()
    let output = try run(command + ["--obj=" + module], input: input)
    let lines = output.split(separator: "\n").map { Data($0.utf8) }
    let answers = try lines.map { try JSONDecoder().decode(LLVMAnswer.self, from: $0).Symbol }
    let names = Array(Set(answers.joined().map(\.FunctionName)))
    let readable = Dictionary(uniqueKeysWithValues: zip(names, try demangledByTools(names.map(withoutClone))))
    return answers.map { frames in frames.map { $0.frame(named: readable[$0.FunctionName]) } }
}

/// llvm-symbolizer calls a function's parts by their symbols (`parse.cold`), debug information by the
/// function's name.
private func withoutClone(_ name: String) -> String {
    for mark in [".cold", ".part.", ".constprop.", ".isra.", ".lto_priv."] {
        if let range = name.range(of: mark) { return String(name[..<range.lowerBound]) }
    }
    return name
}

/// Names by c++filt, and those that it leaves alone by swift-demangle.
func demangledByTools(_ names: [String]) throws -> [String] {
    let cxx = try run(["c++filt", "--no-verbose"], input: names.map { $0 + "\n" }.joined())
    let swift = try run(["swift-demangle", "--no-sugar"], input: cxx)
    return Array(
        swift.split(separator: "\n", omittingEmptySubsequences: false).prefix(names.count).map(String.init))
}

private struct LLVMAnswer: Decodable {
    struct Frame: Decodable {
        var FunctionName: String
        var FileName: String
        var Line: Int

        func frame(named name: String?) -> OracleFrame {
            OracleFrame(
                function: name == "" ? nil : name, file: FileName == "" ? nil : FileName,
                line: Line > 0 ? Line : nil)
        }
    }
    var Symbol: [Frame]
}

/// Says where two answers differ; nil if they agree.
///
/// `aliases` are further names of the physical function: the linker's or compiler's merging of equal
/// functions leaves one body with several names, of which each symbolizer picks its own.
func difference(_ found: [SymbolFrame], _ expected: [OracleFrame], aliases: Set<String> = []) -> String? {
    var expected = expected
    if let ours = found.last?.function, let theirs = expected.last?.function,
        aliases.isSuperset(of: [ours, theirs])
    {
        expected[expected.count - 1].function = ours
    }
    let agree =
        found.count == expected.count
        && zip(found, expected).allSatisfy { found, expected in
            agrees(found.function, expected.function) && found.line == expected.line
                && (found.file.map(plain) == expected.file.map(plain)
                    || found.file == nil && expected.line == nil)
        }
    // Only the last function has code of its own.
    let marked = found.map(\.isInlined) == found.indices.map { $0 < found.count - 1 }
    guard !agree || !marked else { return nil }
    let ours = found.map { "\($0.function ?? "?") \($0.file ?? "?"):\($0.line ?? 0)" }
    let theirs = expected.map { "\($0.function ?? "?") \($0.file ?? "?"):\($0.line ?? 0)" }
    return "found \(ours)\nexpected \(theirs)"
}

/// An oracle gives the bare name of a C++ function that has no linkage name; we put its scope before it.
private func agrees(_ found: String?, _ expected: String?) -> Bool {
    guard let found, let expected else { return found == expected }
    // Neither c++filt nor we can demangle every name; debug information has a readable one as well.
    if expected.hasPrefix("_Z") { return !found.hasPrefix("_Z") }
    return found == expected || found.hasSuffix("::" + expected)
}

/// Paths may be put together with "//", "./" and "..".
private func plain(_ path: String) -> String {
    URL(fileURLWithPath: "/" + path.split(separator: "/").joined(separator: "/")).standardizedFileURL.path
}
