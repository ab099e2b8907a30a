import Symbols
import Testing

@Suite struct `Without debug information a name is right or absent` {
    private static let library: [String] = ["-O1", "-shared", "-fPIC"]

    @Test func `an exported function is named, a static one is not named after its neighbour`() throws {
        let workshop = try Workshop()
        let full = try workshop.compile(.c, Self.library)
        let stripped = workshop.file("stripped.so")
        try run(["strip", "-o", stripped, full])
        let own = try functions(of: full)
        let exported = try #require(own.first { $0.name == "exported" })
        let hidden = try #require(own.first { $0.name == "hidden" })
        for address in samples([exported], each: 10) {
            #expect(answer(stripped, address) == Resolution(frames: [SymbolFrame(function: "exported")]))
        }
        for address in samples([hidden], each: 10) {
            #expect(answer(full, address).frames.map(\.function) == ["hidden"])
            #expect(answer(stripped, address) == Resolution())
        }
    }

    @Test(arguments: [[], ["--strip-debug"], ["--discard-all"], ["--discard-locals"]])
    func `no address of a library gets the name of another function`(strip: [String]) throws {
        let workshop = try Workshop()
        let full = try workshop.compile(.cxx, Self.library)
        let stripped = workshop.file("stripped.so")
        try run(["strip"] + strip + ["-o", stripped, full])
        let own = try functions(of: full)
        let names = try demangledByTools(own.map(\.name))
        var named = 0
        for address in samples(own, each: 10) {
            let right = zip(own, names).filter { $0.0.range.contains(address) }.map(\.1)
            guard let found = answer(stripped, address).frames.first?.function else { continue }
            #expect(right.contains(found))
            named += 1
        }
        #expect(named > 100)
    }

    @Test func `bytes between functions have no name`() throws {
        let workshop = try Workshop()
        let full = try workshop.compile(.c, ["-O1", "-shared", "-fPIC", "-falign-functions=64"])
        let own = try functions(of: full)
        let gaps = own.map(\.range.upperBound).filter { end in !own.contains { $0.range.contains(end) } }
        #expect(gaps.count > 2)
        for address in gaps { #expect(answer(full, address).frames.isEmpty) }
    }

    @Test func `a file without any symbol says so`() throws {
        let workshop = try Workshop()
        let program = try workshop.compile(
            .c, ["-O1", "-static", "-nostdlib", "-Wl,-e,main", "-Dabort=__builtin_trap"])
        let main = try #require(try functions(of: program).first { $0.name == "main" })
        #expect(answer(program, main.range.lowerBound).frames.map(\.function) == ["main"])
        try run(["strip", program])
        #expect(answer(program, main.range.lowerBound) == Resolution(problem: .noSymbols))
    }

    @Test func `a mini symbol table (.gnu_debugdata) names static functions`() throws {
        let workshop = try Workshop()
        let full = try workshop.compile(.c, Self.library)
        let hidden = try #require(try functions(of: full).first { $0.name == "hidden" })
        let (mini, stripped) = (workshop.file("mini"), workshop.file("stripped.so"))
        try run(["objcopy", "-S", "--remove-section=.comment", "--keep-symbol=hidden", full, mini])
        try run(["xz", mini])
        try run(["strip", "-o", stripped, full])
        try run(["objcopy", "--add-section", ".gnu_debugdata=\(mini).xz", stripped])
        #expect(answer(stripped, hidden.range.lowerBound).frames.map(\.function) == ["hidden"])
    }

    @Test func `assembly without sizes is named where its symbols bound it`() throws {
        let workshop = try Workshop()
        let input = try workshop.write(Self.assembly, to: "hand.s")
        let main = try workshop.write(
            "int main(void) { return 0; }\nstatic int own(int a) { return a; }\nint (*p)(int) = own;",
            to: "main.c")
        let (full, stripped) = (workshop.file("full"), workshop.file("stripped"))
        try run(["gcc", "-o", full, main, input])
        let listed = try run(["nm", full]).split(separator: "\n").map { $0.split(separator: " ") }
        let first = try #require(
            listed.first { $0.last == "handwritten" }?.first.flatMap { UInt64($0, radix: 16) })
        #expect(answer(full, first).frames.map(\.function) == ["handwritten"])
        #expect(answer(full, first + 7).frames.map(\.function) == ["handwritten"])
        #expect(answer(full, first + 8).frames.map(\.function) == ["following"])
        // Without local symbols nobody knows what else lies between two symbols.
        try run(["strip", "--discard-all", "-o", stripped, full])
        #expect(answer(stripped, first + 7).frames.isEmpty)
    }

    private static let assembly = """
        .text
        .globl handwritten
        handwritten:
            nop; nop; nop; nop; nop; nop; nop; ret
        .globl following
        following:
            ret
        .section .note.GNU-stack,"",@progbits

        """

    private func answer(_ module: String, _ address: UInt64) -> Resolution {
        Symbolizer().frames(for: SymbolRequest(modulePath: module, fileAddress: address))
    }
}
