import MapPlayer
import Testing

@Suite struct `Forked children` {
    @Test func `what was written before fork takes no new neighbour`() throws {
        try Replay.run { script in
            script.map(0, 8)
            script.map(20, 8, Script.Rights.read)
            script.line("f")
            script.map(8, 4)
            script.protect(2, 2, Script.Rights.read)
            script.protect(2, 2, Script.Rights.write)
            script.map(28, 4, Script.Rights.read)
            script.map(40, 4)
            script.map(44, 4)
            script.unmap(4, 1)
            script.map(4, 1)
        }
    }

    @Test func `fork merges nothing although it clears lo`() throws {
        try Replay.run(errors: [12]) { script in
            script.map(0, 8)
            script.lock(2, 2)
            script.advise(6, 1, 10)
            script.line("f")
            script.lock(4, 2)
            script.unlock(0, 8)
        }
    }
}
