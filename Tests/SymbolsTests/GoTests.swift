import Foundation
import Symbols
import Testing

@Suite struct `A stripped Go program is named by the table of its own runtime` {
    @Test func `functions, files and lines are those of Go's tools`() throws {
        guard let program = try GoProgram() else { return }
        let addresses = samples(try program.functions(), each: 2)
        let symbolizer = Symbolizer()
        var comparison = Comparison()
        for (address, expected) in zip(addresses, try goAddr2line(program.plain, addresses)) {
            guard let function = expected.function else { continue }
            comparison.compared += 1
            let found = symbolizer.frames(for: .init(modulePath: program.stripped, fileAddress: address))
                .frames
            let name = found.last?.function.map(nameInGoTable)
            if name != nameInGoTable(function) || found.first?.file != expected.file
                || found.first?.line != expected.line
            {
                comparison.differences.append(
                    "\(String(address, radix: 16)): found \(found)\nexpected \(expected)")
            }
        }
        #expect(comparison.compared > 5000)
        #expect(comparison.differences.isEmpty, "\(comparison)")
    }

    @Test(arguments: ["exe", "pie", "c-shared"])
    func `inlined functions are those of the debug information`(mode: String) throws {
        guard let program = try GoProgram("-buildmode=" + mode) else { return }
        let own = try compare(program, samples(try program.functions(prefix: "main."), each: 40))
        #expect(own.compared > 300)
        #expect(own.inlined > 50)
        #expect(own.differences.isEmpty, "\(own)")
        let all = try compare(program, samples(try program.functions(), each: 1))
        #expect(all.compared > 3000)
        // Some releases give single instructions of the runtime another line in debug information.
        #expect(all.differences.count * 1000 < all.compared, "\(all)")
    }

    private func compare(_ program: GoProgram, _ addresses: [UInt64]) throws -> Comparison {
        let symbolizer = Symbolizer()
        var comparison = Comparison()
        for (address, expected) in zip(addresses, try llvmSymbolizer(program.plain, addresses)) {
            var found = symbolizer.frames(for: .init(modulePath: program.stripped, fileAddress: address))
                .frames
            guard !found.isEmpty, var expected = comparable(expected) else { continue }
            comparison.compared += 1
            comparison.inlined += found.count - 1
            // Debug information has no calls within the functions that the compiler makes up.
            if found.last?.file == generated {
                (found, expected) = (Array(found.suffix(1)), Array(expected.suffix(1)))
                found[0] = SymbolFrame(function: found[0].function)
                expected[0] = OracleFrame(function: expected[0].function)
            }
            for index in found.indices {
                // Debug information has a dot for the middle dot of the linker's names.
                found[index].function = found[index].function.map {
                    nameInGoTable($0).replacing("·", with: ".")
                }
            }
            if let difference = difference(found, expected) {
                comparison.differences.append(String(address, radix: 16) + ": " + difference)
            }
        }
        return comparison
    }

    /// nil for C code, which Go's table does not know.
    private func comparable(_ frames: [OracleFrame]) -> [OracleFrame]? {
        guard frames.last?.file?.hasSuffix(".c") == false else { return nil }
        return frames.map { frame in
            OracleFrame(function: frame.function.map(nameInGoTable), file: frame.file, line: frame.line)
        }
    }

    @Test func `symbols stay first, and the table adds files, lines and inlined functions`() throws {
        guard let program = try GoProgram() else { return }
        let module = try program.withoutDebugInformation()
        let symbolizer = Symbolizer()
        let own = try functions(of: module).filter { $0.name.hasPrefix("main.") }
        #expect(own.contains { $0.name.hasPrefix("main.sum[go.shape.") })
        var inlined = 0
        for function in own {
            for address in samples([function], each: 20) {
                let found = symbolizer.frames(for: .init(modulePath: module, fileAddress: address)).frames
                #expect(found.last?.function == function.name)
                #expect(found.last?.file != nil)
                #expect(found.last?.line != nil)
                inlined += found.count - 1
            }
        }
        #expect(inlined > 0)
    }

    @Test func `a damaged index gives no wrong name, and other damage is no danger`() throws {
        guard let program = try GoProgram() else { return }
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: program.stripped)))
        let table = try #require(try sectionRange(".gopclntab", of: program.stripped))
        let header = table.lowerBound..<table.lowerBound + 72
        let index = table.lowerBound + Int(word(at: table.lowerBound + 64, of: bytes))
        let pairs = index..<index + 8 * Int(word(at: table.lowerBound + 8, of: bytes))
        var generator = SeededGenerator(state: 11)
        let all = samples(try program.functions(), each: 1)
        let addresses = Array(all.shuffled(using: &generator).prefix(300))
        let right = answers(program.stripped, addresses)
        #expect(right.count { $0 != nil } > 250)
        var missing = 0
        for round in 0..<90 {
            let (place, count) = [(header, 1), (pairs, 300), (table, 300)][round % 3]
            var damaged = bytes
            for _ in 0..<count {
                damaged[Int.random(in: place, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            let path = program.workshop.file("damaged-\(round)")
            try Data(damaged).write(to: URL(fileURLWithPath: path))
            for (found, right) in zip(answers(path, addresses), right) where place != table && found != right
            {
                #expect(found == nil)
                missing += 1
            }
            try FileManager.default.removeItem(atPath: path)
        }
        #expect(missing > 1000, "nothing was damaged")
    }

    private func answers(_ module: String, _ addresses: [UInt64]) -> [String?] {
        let symbolizer = Symbolizer()
        return addresses.map {
            symbolizer.frames(for: .init(modulePath: module, fileAddress: $0)).frames.last?.function
        }
    }
}

private struct Comparison: CustomStringConvertible {
    var compared = 0
    var inlined = 0
    var differences: [String] = []

    var description: String {
        "\(differences.count) of \(compared) differ: \(differences.prefix(3).joined(separator: "\n"))"
    }
}

private let generated = "<autogenerated>"

/// A word of 64 bits in a file's bytes.
func word(at offset: Int, of bytes: [UInt8]) -> UInt64 {
    bytes[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
}

/// Where a section lies in its file, by readelf.
func sectionRange(_ name: String, of module: String) throws -> Range<Int>? {
    for line in try run(["readelf", "-SW", module]).split(separator: "\n") {
        let parts = line.drop { $0 != "]" }.dropFirst().split(separator: " ")
        guard parts.count > 4, parts[0] == name, let start = Int(parts[3], radix: 16),
            let size = Int(parts[4], radix: 16)
        else { continue }
        return start..<start + size
    }
    return nil
}
