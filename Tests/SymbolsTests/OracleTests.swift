import Symbols
import Testing

/// A program and how to build it.
struct Build: CustomTestStringConvertible {
    var source: Source
    var compiler: String
    var flags: [String]

    init(_ source: Source, _ compiler: String, _ flags: String...) {
        self.source = source
        self.compiler = compiler
        self.flags = flags
    }

    var testDescription: String { "\(source.name): \(compiler) \(flags.joined(separator: " "))" }
}

@Suite struct `Functions, files, lines and inlined frames are those of other symbolizers` {
    @Test(arguments: [
        Build(.c, "gcc", "-g", "-O0"),
        Build(.c, "gcc", "-g", "-O2"),
        Build(.c, "gcc", "-g", "-O2", "-gdwarf-4", "-no-pie"),
        Build(.c, "gcc", "-g", "-Os", "-ffunction-sections", "-Wl,--gc-sections"),
    ])
    func `C, by addr2line`(build: Build) throws { try compare(build, with: addr2line) }

    @Test(arguments: [
        Build(.c, "gcc", "-g", "-O2"),
        Build(.c, "clang", "-g", "-O2"),
        Build(.c, "gcc", "-g", "-O2", "-flto"),
        Build(.cxx, "g++", "-g", "-O0"),
        Build(.cxx, "g++", "-g", "-O2"),
        Build(.cxx, "g++", "-g", "-O2", "-gdwarf-4", "-no-pie"),
        Build(.cxx, "g++", "-g", "-O2", "-gsplit-dwarf"),
        Build(.cxx, "clang++", "-g", "-O0"),
        Build(.cxx, "clang++", "-g", "-O2", "-fPIE", "-pie"),
        Build(.swift, "swiftc", "-g", "-Onone"),
        Build(.swift, "swiftc", "-g", "-O"),
    ])
    func `C, C++ and Swift, by llvm-symbolizer`(build: Build) throws {
        try compare(build, with: llvmSymbolizer)
    }

    @Test(arguments: [
        Build(.rust, "rustc", "-g"),
        Build(.rust, "rustc", "-g", "-O"),
        Build(.rust, "rustc", "-g", "-O", "-C", "symbol-mangling-version=v0"),
    ])
    func `Rust, by llvm-symbolizer`(build: Build) throws {
        guard isInstalled("rustc") else { return print("not tested: rustc is not installed") }
        try compare(build, with: llvmSymbolizer)
    }

    private func compare(_ build: Build, with oracle: (String, [UInt64]) throws -> [[OracleFrame]]) throws {
        let workshop = try Workshop()
        let module = try workshop.compile(build.source, build.flags, by: build.compiler)
        let all = try functions(of: module)
        let addresses = samples(Array(all.prefix(400)), each: 20)
        #expect(addresses.count > 100)
        let names = try demangledByTools(all.map(\.name))
        let symbolizer = Symbolizer()
        let differences = zip(addresses, try oracle(module, addresses)).compactMap { address, expected in
            let found = symbolizer.frames(for: SymbolRequest(modulePath: module, fileAddress: address))
            guard difference(found.frames, expected) != nil else { return nil as String? }
            let aliases = Set(zip(all, names).filter { $0.0.range.contains(address) }.map(\.1))
            return difference(found.frames, expected, aliases: aliases).map {
                String(address, radix: 16) + ": " + $0
            }
        }
        let count = differences.count
        #expect(count == 0, "of \(addresses.count): \(differences.prefix(3).joined(separator: "\n"))")
    }
}
