import Symbols
import Testing

@Suite struct `The C library` {
    @Test(
        arguments: ["mmap", "munmap", "mprotect", "pthread_create", "malloc", "fopen", "madvise"],
        [[], ["/usr/lib/debug"]])
    func `a function with aliases gets the name its callers write`(name: String, debug: [String]) throws {
        let address = try #require(
            try functions(of: libc(), ["-D"]).first { $0.name == name }?.range.lowerBound)
        for offset: UInt64 in [0, 3] {
            let request = SymbolRequest(modulePath: try libc(), fileAddress: address + offset)
            #expect(symbolizer(debug).frames(for: request).frames.last?.function == name)
        }
    }

    @Test func `every name is that of a symbol around the address`() throws {
        let (path, exported) = (try libc(), try functions(of: libc(), ["-D"]))
        let byName = Dictionary(grouping: exported, by: \.name)
        let symbolizer = symbolizer([])
        var generator = SeededGenerator(state: 3)
        let code = 0..<exported.map(\.range.upperBound).reduce(0, max)
        var named = 0
        for address in (0..<20_000).map({ _ in UInt64.random(in: code, using: &generator) }) {
            let answer = symbolizer.frames(for: SymbolRequest(modulePath: path, fileAddress: address))
            guard let name = answer.frames.first?.function else { continue }
            #expect(byName[name]?.contains { $0.range.contains(address) } == true)
            named += 1
        }
        #expect(named > 2000)
    }

    private func symbolizer(_ debugDirectories: [String]) -> Symbolizer {
        var options = SymbolizerOptions()
        options.debugDirectories = debugDirectories
        return Symbolizer(options: options)
    }

    private func libc() throws -> String { try loadedLibrary("libc.so.6") }
}
