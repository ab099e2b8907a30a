import Foundation
import Testing
import TraceFormat
import TraceLog

/// The same numbers in every run.
struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

struct DamageTests {
    private static let identitySize = MemoryLayout<mf_identity>.size + 8

    private func mixture() throws -> (log: RecordedLog, image: Data) {
        let log = try RecordedLog(ringSize: 32 << 10)
        log.writeMixture(calls: 170)
        return (log, try Data(contentsOf: URL(fileURLWithPath: log.path)))
    }

    /// The record whose place holds a byte of the file.
    private func record(at offset: Int, in log: RecordedLog) -> Int? {
        log.records.indices.first { number in
            let first = Int(log.offset(ofRecord: number))
            return (first..<first + Int(log.records[number].size)).contains(offset)
        }
    }

    @Test func `a damaged byte costs one record at most, and is reported`() throws {
        let (log, image) = try mixture()
        let path = log.folder.appendingPathComponent("damaged.mapfray")
        var generator = Seeded(state: 1)
        let whole = log.expectation()
        // All but the long stretches of zeros; the counters of the header are among it.
        let used = (Self.identitySize..<image.count).filter {
            $0 < 1400 || image[$0 & ~63..<($0 & ~63) + 64].contains { $0 != 0 }
        }
        for _ in 0..<2000 {
            let offset = used.randomElement(using: &generator) ?? 0
            var damaged = image
            damaged[offset] ^= UInt8.random(in: 1...255, using: &generator)
            try damaged.write(to: path)
            var reader = try LogReader(path: path.path)
            let found = readings(of: &reader)
            if found == whole { continue }
            let hit = record(at: offset, in: log)
            #expect(
                hit != nil && found == log.expectation(damaged: hit), "byte \(offset), record \(hit ?? -1)")
            #expect(reader.damageCount > 0, "byte \(offset)")
        }
    }

    @Test func `a damaged identity is refused`() throws {
        let (log, image) = try mixture()
        let path = log.folder.appendingPathComponent("damaged.mapfray")
        for offset in 0..<Self.identitySize {
            var damaged = image
            damaged[offset] ^= 0x10
            try damaged.write(to: path)
            #expect(throws: LogError.headerDamaged(path: path.path)) { try readings(ofFile: path.path) }
        }
    }

    @Test func `each call's record, when it is damaged, is missing and reported`() throws {
        let (log, image) = try mixture()
        let path = log.folder.appendingPathComponent("damaged.mapfray")
        for number in stride(from: 0, to: log.records.count, by: 7) {
            var damaged = image
            damaged[Int(log.offset(ofRecord: number)) + Int(log.records[number].size) / 2] ^= 0xFF
            try damaged.write(to: path)
            var reader = try LogReader(path: path.path)
            let found = readings(of: &reader)
            // A spilled record may still be whole in the ring.
            if found == log.expectation() && reader.damageCount == 0 { continue }
            #expect(found == log.expectation(damaged: number), "record \(number)")
            #expect(reader.damageCount == 1, "record \(number)")
        }
    }

    @Test func `a truncated log gives what is left`() throws {
        let (log, image) = try mixture()
        let path = log.folder.appendingPathComponent("cut.mapfray")
        let whole = log.expectation()
        for size in stride(from: Int(MF_HEADER_SIZE), to: image.count, by: 1237) {
            try image.prefix(size).write(to: path)
            var reader = try LogReader(path: path.path)
            let found = readings(of: &reader)
            #expect(found.count <= whole.count)
            #expect(found.count == whole.count || reader.damageCount > 0, "\(size) bytes")
        }
    }

    @Test func `what a call says survives any damage elsewhere`() throws {
        let (log, image) = try mixture()
        let path = log.folder.appendingPathComponent("holes.mapfray")
        var generator = Seeded(state: 2)
        for _ in 0..<100 {
            var damaged = image
            for _ in 0..<20 {
                let first = Int.random(in: Int(MF_HEADER_SIZE)..<image.count - 600, using: &generator)
                for offset in first..<first + 600 {
                    damaged[offset] = UInt8.random(in: 0...255, using: &generator)
                }
            }
            try damaged.write(to: path)
            let times = { (text: String) in text.split(separator: " ").prefix(3).joined(separator: " ") }
            let found = try readings(ofFile: path.path).map(times)
            #expect(Set(found).isSubset(of: Set(log.expectation().map(times))))
        }
    }
}
