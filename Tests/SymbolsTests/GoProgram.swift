import Foundation

/// A Go program, built as it is and again without symbols and debug information; the code is the same.
struct GoProgram {
    let workshop: Workshop
    let plain: String
    let stripped: String

    /// nil, with the reason printed, where there is no Go.
    init?(_ flags: String...) throws {
        guard isInstalled("go") else {
            print("not tested: go is not installed")
            return nil
        }
        workshop = try Workshop()
        for (name, text) in goSources { _ = try workshop.write(text, to: name) }
        plain = try Self.build(flags, as: "plain", in: workshop)
        stripped = try Self.build(flags + ["-ldflags=-s -w"], as: "stripped", in: workshop)
    }

    /// The same program with its symbol table and without debug information.
    func withoutDebugInformation() throws -> String {
        try Self.build(["-ldflags=-w"], as: "symbols", in: workshop)
    }

    private static func build(_ flags: [String], as name: String, in workshop: Workshop) throws -> String {
        let command = ["env", "-C", workshop.path, "CGO_ENABLED=1", "GOTOOLCHAIN=local", "go", "build"]
        try run(command + flags + ["-o", name, "."])
        return workshop.file(name)
    }

    /// Go's own functions; C's and the linker's have symbols too, but no place in Go's table.
    func functions(prefix: String = "") throws -> [NamedRange] {
        try SymbolsTests.functions(of: plain).filter { $0.name.contains(".") && $0.name.hasPrefix(prefix) }
    }
}

/// The answers of `go tool addr2line`, which knows no inlined functions; without a function for C code.
func goAddr2line(_ module: String, _ addresses: [UInt64]) throws -> [OracleFrame] {
    let input = addresses.map { "0x" + String($0, radix: 16) + "\n" }.joined()
    let lines = try run(["go", "tool", "addr2line", module], input: input).split(separator: "\n")
    return stride(from: 0, to: lines.count - 1, by: 2).map { index in
        let place = lines[index + 1]
        let colon = place.lastIndex(of: ":") ?? place.endIndex
        let line = Int(place[colon...].dropFirst()).flatMap { $0 > 0 ? $0 : nil }
        return OracleFrame(
            function: lines[index] == "?" ? nil : String(lines[index]),
            file: line == nil ? nil : String(place[..<colon]), line: line)
    }
}

/// A function's name as Go's table has it: without the calling convention that symbols add, and without the
/// types of a generic function, which releases up to 1.20 leave out.
func nameInGoTable(_ symbol: String) -> String {
    var name = symbol
    for suffix in [".abi0", ".abiinternal"] where name.hasSuffix(suffix) { name.removeLast(suffix.count) }
    guard let open = name.firstIndex(of: "["), let close = name.lastIndex(of: "]"), open < close else {
        return name
    }
    return name[..<open] + "[...]" + name[name.index(after: close)...]
}

private let goSources = [
    "go.mod": "module example/probe\n\ngo 1.18\n",
    // What cgo rewrites has other lines in its debug information: the rest has a file of its own.
    "c.go": """
    package main

    // static int twice(int a) { return a * 2; }
    import "C"

    func twice(a int) int { return int(C.twice(C.int(a))) }

    //export back
    func back(a int) int { return a + 1 }

    """,
    "main.go": """
    package main

    import (
    	"fmt"
    	"os"
    	"sort"
    	"strings"
    )

    type number interface{ ~int | ~float64 }

    func add[T number](a, b T) T { return a + b }

    //go:noinline
    func sum[T number](values []T) T {
    	var total T
    	for _, value := range values {
    		total = add(total, value)
    	}
    	return total
    }

    type slab struct{ items []string }

    func (s *slab) grow(item string) int {
    	s.items = append(s.items, item)
    	return len(s.items)
    }

    func (s *slab) last() string { return s.items[len(s.items)-1] }

    //go:noinline
    func held(s *slab) func(int) int {
    	return func(n int) int { return n + s.grow(s.last()) + len(os.Args) }
    }

    func deepest(text string) string { return strings.TrimSpace(text) }

    func middle(text string) string { return deepest(text) + deepest(text+"x") }

    //go:noinline
    func large(n int) (result [3]int) {
    	for i := range result {
    		result[i] = twice(n) + len(middle(fmt.Sprint(n)))
    	}
    	sort.Slice(result[:], func(i, j int) bool { return result[i] < result[j] })
    	return
    }

    func main() {
    	s := &slab{}
    	s.grow(middle(os.Args[0]))
    	defer func() { fmt.Println(recover(), s.last()) }()
    	fmt.Println(sum([]int{1, 2}), sum([]float64{1}), held(s)(3), large(4))
    	panic("done")
    }

    """,
]
