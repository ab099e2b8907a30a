import Foundation
import Testing
import TraceFormat

@Suite struct `A ring that spills` {
    @Test(arguments: [10, 3_000, 60_000] as [UInt64])
    func `keeps every record of one thread in order`(count: UInt64) throws {
        let writer = try RingWriter()
        let belief = try writer.run(writer.process("threads", 1, count))
        let image = try LogImage(path: writer.log)
        #expect(image.sequences(of: 0).elementsEqual(Array(0..<count)))
        #expect(image.foreign == 0 && image.garbage == 0)
        #expect(image.header.lost == 0 && belief.refused == 0 && belief.errnoChanged == 0)
        #expect(image.header.state == UInt64(MF_STATE_EXITED.rawValue))
    }

    @Test(arguments: [32 << 10, 256 << 10, 4 << 20] as [UInt64])
    func `keeps every record of many threads exactly once`(ring: UInt64) throws {
        let writer = try RingWriter()
        let belief = try writer.run(writer.process("threads", 8, 8_000, ring: ring, segment: ring / 8))
        let image = try LogImage(path: writer.log)
        for thread in 0..<8 as Range<UInt64> {
            #expect(image.sequences(of: thread).elementsEqual(Array(0..<8_000)))
        }
        #expect(
            image.foreign == 0 && image.garbage == 0 && image.header.lost == 0 && belief.errnoChanged == 0)
    }

    @Test func `keeps what signal handlers write in the middle of a write`() throws {
        let writer = try RingWriter()
        let process = writer.process("handlers", 100_000, 600, ring: 32 << 10, segment: 16 << 10)
        let belief = try writer.run(process)
        let image = try LogImage(path: writer.log)
        try #require(belief.begun[1] > 600, "the timer fired")
        #expect(image.sequences(of: 0).elementsEqual(Array(0..<100_000)))
        #expect(image.sequences(of: 1).elementsEqual(Array(0..<belief.begun[1])))
        #expect(image.header.lost == 0 && image.foreign == 0)
    }

    @Test func `loses only the record a handler jumped out of`() throws {
        let writer = try RingWriter()
        let belief = try writer.run(writer.process("jumping", 100_000))
        let image = try LogImage(path: writer.log)
        let jumps = belief.begun[1]
        try #require(jumps > 0, "the timer fired")
        let found = image.sequences(of: 0)
        #expect(Set(found).count == found.count && found.sorted() == found)
        #expect(UInt64(found.count) >= 100_000 - jumps)
        #expect(image.foreign == 0 && image.header.lost == 0)
    }

    @Test func `takes as much disk as it needs`() throws {
        for (count, most) in [(10, 20_480), (1_000, 400_000)] as [(UInt64, Int)] {
            let writer = try RingWriter()
            _ = try writer.run(writer.process("threads", 1, count, ring: 4 << 20, segment: 256 << 10))
            var facts = stat()
            #expect(stat(writer.log, &facts) == 0 && Int(facts.st_blocks) * 512 <= most, "\(facts.st_blocks)")
        }
    }

    @Test func `goes on after its orderly end`() throws {
        for (scenario, ends) in [("late", 1), ("resumed", 2)] as [(String, UInt64)] {
            let writer = try RingWriter()
            _ = try writer.run(writer.process(scenario, 100, 20_000))
            let image = try LogImage(path: writer.log)
            #expect(image.sequences(of: 0).elementsEqual(Array(0..<100 * ends + 20_000)), "\(scenario)")
            #expect(image.garbage == 0 && image.header.lost == 0)
        }
    }

    @Test func `gives the unused disk space back`() throws {
        let writer = try RingWriter()
        _ = try writer.run(writer.process("threads", 1, 100, ring: 4 << 20, segment: 256 << 10))
        var status = stat()
        try #require(stat(writer.log, &status) == 0)
        #expect(status.st_blocks * 512 < 256 << 10)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func `gives a forked child a log of its own`() throws {
        let writer = try RingWriter()
        let belief = try writer.run(writer.process("forked", 3_000, 9_000))
        #expect(belief.begun[2] == 0, "the child opened its log")
        let (parent, child) = try (LogImage(path: writer.log), LogImage(path: writer.log + ".child"))
        #expect(parent.sequences(of: 0) == Array(0..<12_000) && parent.sequences(of: 1).isEmpty)
        #expect(child.sequences(of: 1) == Array(0..<9_000) && child.sequences(of: 0).isEmpty)
    }

    @Test func `does not touch a log that exists already`() throws {
        let writer = try RingWriter()
        try Data("precious".utf8).write(to: URL(fileURLWithPath: writer.log))
        #expect(throws: RingWriter.Failed.self) { try writer.run(writer.process("threads", 1, 1)) }
        #expect(try String(contentsOfFile: writer.log, encoding: .utf8) == "precious")
    }
}

@Suite struct `A flight recorder` {
    @Test func `keeps the newest records and every definition`() throws {
        let writer = try RingWriter()
        _ = try writer.run(writer.process("define", 1_000, 50_000, mode: "flight"))
        let image = try LogImage(path: writer.log)
        #expect(image.sequences(of: 1).elementsEqual(Array(0..<1_000)))
        let kept = image.sequences(of: 0)
        let first = try #require(kept.first)
        #expect(kept == Array(first..<50_000))
        let bytes = image.records.filter { $0.writer == 0 }.last.map { $0.position } ?? 0
        #expect(kept.count > 1_000 && bytes + 16_384 > image.header.head)
        #expect(image.header.lost == 0 && image.foreign == 0)
    }

    @Test func `takes records from many threads`() throws {
        let writer = try RingWriter()
        _ = try writer.run(writer.process("threads", 8, 8_000, ring: 4 << 20, mode: "flight"))
        let image = try LogImage(path: writer.log)
        var newest: UInt64 = 0
        for thread in 0..<8 as Range<UInt64> {
            let kept = image.sequences(of: thread)
            let isNewest = kept == Array((8_000 - UInt64(kept.count))..<8_000)
            #expect(isNewest)
            newest += UInt64(kept.count)
        }
        #expect(newest > 10_000 && image.foreign == 0 && image.header.lost == 0)
    }
}
