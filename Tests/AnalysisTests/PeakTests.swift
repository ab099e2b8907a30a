import AddressSpace
import Analysis
import Testing
import TraceLog

struct PeakTests {
    /// Random maps, cuts and unmaps from twenty sites; at every new peak a copy of all owners is taken by
    /// walking
    /// the address space, which is what the bookkeeping must never do.
    @Test(arguments: 1...6) func `counts at the peak equal a copy taken at the peak`(seed: UInt64) {
        let log = churn(seed: seed)
        let truth = bruteForce(log)
        let found = log.investigated()
        #expect(found.report.vmas.peak == truth.count - 1)
        #expect(found.peakTime == truth.time)
        var expected: [String: Int] = [:]
        for (stack, count) in truth.owners {
            let name = stack == .none ? "before the trace" : name(of: stack, in: log)
            expected[name, default: 0] += count
        }
        expected["before the trace", default: 0] -= 1
        let counts = Dictionary(
            uniqueKeysWithValues: found.sites.filter { $0.peak != 0 }.map { ($0.name, $0.peak) })
        #expect(counts == expected)
    }

    @Test(arguments: 1...6) func `sites add up to the peak and to the end`(seed: UInt64) {
        let found = churn(seed: seed).investigated()
        #expect(found.sites.reduce(0) { $0 + $1.peak } == found.report.vmas.peak)
        #expect(found.sites.reduce(0) { $0 + $1.last } == found.report.vmas.last)
        #expect(found.report.sites.reduce(0) { $0 + $1.vmas } == found.report.vmas.peak)
    }

    @Test func `sites add up at every instant`() {
        let log = churn(seed: 9)
        for step in 0..<40 {
            let until = SyntheticLog.start + 1 + UInt64(step) * 7_300_000
            let found = log.investigated(InvestigationOptions(until: until, symbols: nil))
            var source = log
            let map = Replay.map(of: &source, at: until)
            #expect(found.report.vmas.last == max(map.count - 1, 0))
            #expect(found.sites.reduce(0) { $0 + $1.last } == found.report.vmas.last)
        }
    }

    private func name(of stack: StackID, in log: SyntheticLog) -> String {
        let frame = log.definitions[stack][0]
        return "\(log.definitions[frame.module].path.split(separator: "/").last ?? "")+0x10"
    }

    private func churn(seed: UInt64) -> SyntheticLog {
        var random = Lehmer(seed: seed)
        var log = SyntheticLog()
        let stacks = (0..<20).map { log.stack("lib\($0).so") }
        var live: [UInt64] = []
        for _ in 0..<400 {
            let stack = stacks[Int(random.next() % 20)]
            switch random.next() % 5 {
            case 0, 1: live.append(log.map(pages: 3, stack: stack))
            case 2:
                if let address = live.randomElement(using: &random) {
                    log.protect(address + SyntheticLog.page, random.next() % 2, stack: stack)
                }
            default:
                if let place = live.indices.randomElement(using: &random) {
                    log.unmap(live.remove(at: place), pages: 3, stack: stack)
                }
            }
        }
        return log
    }

    private func bruteForce(_ log: SyntheticLog) -> (count: Int, time: UInt64, owners: [StackID: Int]) {
        var space = AddressSpace(rules: .newest)
        var best = (count: 0, time: UInt64(0), owners: [StackID: Int]())
        for entry in log.entries {
            let time: UInt64
            switch entry {
            case .call(let call):
                space.apply(call)
                time = call.end
            case .snapshot(let snapshot):
                _ = space.adopt(snapshot)
                time = snapshot.end
            default: continue
            }
            guard space.count > best.count else { continue }
            var owners: [StackID: Int] = [:]
            space.forEach { vma in
                owners[vma.owner.stack, default: 0] += 1
                return true
            }
            best = (space.count, time, owners)
        }
        return best
    }
}

/// A small random generator, so that a failing seed fails again.
struct Lehmer: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33 | state << 31
    }
}
