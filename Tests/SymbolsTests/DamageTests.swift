import Foundation
import Symbols
import Testing

@Suite struct `A damaged file is no danger` {
    @Test(arguments: [Build(.c, "gcc", "-g", "-O2"), Build(.c, "gcc", "-g", "-O2", "-gdwarf-4", "-gz")])
    func `cut short anywhere`(build: Build) throws {
        try damage(build, rounds: 150) { bytes, generator in
            bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
        }
    }

    @Test(arguments: [Build(.c, "gcc", "-g", "-O2"), Build(.c, "gcc", "-g", "-O2", "-gdwarf-4", "-gz")])
    func `with bytes changed anywhere`(build: Build) throws {
        try damage(build, rounds: 300) { bytes, generator in
            for _ in 0..<Int.random(in: 1..<40, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
        }
    }

    @Test func `with bytes changed in its headers`() throws {
        try damage(Build(.c, "gcc", "-g", "-O2"), rounds: 300) { bytes, generator in
            let sectionHeaders = bytes.count - 64 * 36
            for _ in 0..<3 {
                let headers = [16..<64, 64..<800, sectionHeaders..<bytes.count]
                let range = headers[Int.random(in: 0..<3, using: &generator)]
                bytes[Int.random(in: range, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
        }
    }

    /// Reads every damaged copy; an answer of any kind is fine.
    private func damage(
        _ build: Build, rounds: Int, _ change: (inout [UInt8], inout SeededGenerator) -> Void
    ) throws {
        let workshop = try Workshop()
        let sound = try workshop.compile(build.source, build.flags, by: build.compiler)
        let addresses = samples(try functions(of: sound), each: 2)
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: sound)))
        var generator = SeededGenerator(state: 7)
        var answers: Set<Bool> = []
        for round in 0..<rounds {
            var damaged = bytes
            change(&damaged, &generator)
            let path = workshop.file("damaged-\(round)")
            try Data(damaged).write(to: URL(fileURLWithPath: path))
            let symbolizer = Symbolizer()
            for address in addresses {
                answers.insert(
                    symbolizer.frames(for: SymbolRequest(modulePath: path, fileAddress: address)).frames
                        .isEmpty)
            }
            try FileManager.default.removeItem(atPath: path)
        }
        #expect(answers.contains(true), "nothing was damaged")
    }
}
