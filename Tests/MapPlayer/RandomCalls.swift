/// A random script of all calls that change a map, in one small area so that they meet; its seed decides all of it.
package struct RandomCalls {
    /// Which of the memory that calls make writable is then written.
    package enum Touching: String, CaseIterable, Sendable { case everything, half, nothing }

    /// What the script does besides calls in the area.
    package struct Options: Sendable {
        package var touching = Touching.everything
        /// Files mapped, shared memory attached, the break moved, policies bound, forks.
        package var isWide = true
        /// VMAs to make elsewhere first, so that the limit is near; 0: none.
        package var filler = 0

        package init(touching: Touching, isWide: Bool = true, filler: Int = 0) {
            self.touching = touching
            self.isWide = isWide
            self.filler = filler
        }
    }

    private static let pages = 128
    private static let longest = 12
    private static let rights: [UInt64] = [0, 1, 3, 3, 3, 7, 5]
    private static let advice: [UInt64] = [
        0, 1, 2, 3, 4, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 102, 103,
    ]

    private var script = Script()
    private var random: SeededGenerator
    private let options: Options

    /// A script of `count` random calls; the file at `path` is opened three times and mapped.
    package static func script(seed: UInt64, count: Int, options: Options, path: String) -> Script {
        var calls = RandomCalls(random: SeededGenerator(seed: seed), options: options)
        calls.prepare(path)
        for _ in 0..<count { calls.addCall() }
        return calls.script
    }

    private init(random: SeededGenerator, options: Options) {
        self.random = random
        self.options = options
    }

    private mutating func prepare(_ path: String) {
        if options.isWide {
            for flags in [2, 0, 2] as [UInt64] { script.open(path, flags: flags) }
            script.open("/dev/zero", flags: 2)
            // memfd_secret, as descriptor 7 where the kernel has it.
            script.line("c 447 0")
            script.line("c 77 7 \(64 * Script.page)")
            // As descriptors 8 and 9 where all are allowed.
            for line in Script.Driver.ring.lines + Script.Driver.bpfMap.lines { script.line(line) }
            // A descriptor counts as one that cannot write until it is seen to.
            for descriptor in [3, 5] as [UInt64] {
                script.mapFile(0, 1, 3, type: Script.Map.shared, descriptor: descriptor, offset: 0)
            }
            script.unmap(0, 1)
            // Attached once for good, so that the segment can be removed at once and still be attached.
            script.line("c 29 0 \(8 * Script.page) 0x380")
            script.line("s 0")
            script.line("c 30 $0 0 0")
            script.line("c 31 $0 0 0")
            script.line("c 12 0")
            script.line("s 1")
        }
        if options.filler > 0 { script.fill(options.filler) }
    }

    // MARK: - Choosing

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    private mutating func page() -> Int { number(0...Self.pages - 1) }
    private mutating func length() -> Int { number(1...Self.longest) }
    private mutating func one(of values: [UInt64]) -> UInt64 { values[number(0...values.count - 1)] }
    private mutating func oneIn(_ count: Int) -> Bool { number(1...count) == 1 }

    private mutating func addCall() {
        switch number(1...(options.isWide ? 26 : 20)) {
        case 1...6: map()
        case 7...9: script.call(11, Script.address(page()), UInt64(length()) * Script.page)
        case 10...13: protect()
        case 14...15: advise()
        case 16: script.lock(page(), length())
        case 17: script.unlock(page(), length())
        case 18...20: move()
        case 21...22: mapFile()
        case 23: moveBreak()
        default: addRareCall()
        }
    }

    private mutating func addRareCall() {
        let (page, length) = (page(), length())
        switch number(1...25) {
        case 25: script.call(135, one(of: [0, 0, 0x40_0000]))
        case 1...6: bind(page, length)
        case 7...10: attach(page)
        case 11...12: script.line("c 67 \(Script.address(page))")
        case 13...16:
            script.call(216, Script.address(page), UInt64(length) * Script.page, 0, one(of: [0, 1, 4]), 0)
        case 17...18: script.call(325, Script.address(page), UInt64(length) * Script.page, 1)
        case 19:
            if oneIn(6) { script.call(462, Script.address(page), UInt64(min(length, 2)) * Script.page, 0) }
        case 20: script.line("c 450 \(Script.address(page)) \(length * 4096) 0 0")
        case 21:
            script.call(329, Script.address(page), UInt64(length) * Script.page, one(of: Self.rights), .max)
        case 22: if oneIn(8) { script.line("f") }
        case 23: script.line("c 157 67 \(number(0...1)) 0 0 0")
        default: lockAll()
        }
    }

    // MARK: - Calls

    /// Writes what the options say of pages that a call may have made writable.
    private mutating func touch(_ page: Int, _ pages: Int) {
        switch options.touching {
        case .everything: script.touch(page, pages)
        case .half:
            if oneIn(2) { script.touch(page + (oneIn(2) ? pages / 2 : 0), pages - pages / 2) }
        case .nothing: break
        }
    }

    private mutating func map() {
        let (page, length, rights) = (page(), length(), one(of: Self.rights))
        let type: UInt64 = oneIn(8) ? Script.Map.shared : oneIn(40) ? 8 : Script.Map.private
        // A VMA that grows down would do so with a write below it.
        let down = options.touching == .nothing ? Script.Map.growsDown : 0
        let extra = one(of: [
            0, 0, 0, 0, 0, down, Script.Map.noReserve, Script.Map.stack, Script.Map.populate,
            Script.Map.locked,
            Script.Map.noReplace,
        ])
        let flags = type | extra | Script.Map.fixed | Script.Map.anonymous
        script.call(9, Script.address(page), UInt64(length) * Script.page, rights, flags, .max, 0)
        if rights & 2 != 0 { touch(page, length) }
    }

    private mutating func mapFile() {
        let (page, length) = (page(), length())
        if oneIn(4) { return mapRing(page, length) }
        // /dev/zero is private: what it is shared is a new file of its own. Secret memory is shared alone, and refused
        // with PROT_EXEC by the errno of a seal: which of the two it was only the kernel can show.
        let descriptor = UInt64(number(3...7))
        let rights = one(of: descriptor == 7 ? [1, 1, 3, 3] : [1, 1, 3, 3, 5])
        let isShared = descriptor == 7 || descriptor != 6 && oneIn(3)
        // Offsets that fit the place make neighbours contiguous.
        let offset = oneIn(5) ? UInt64(number(0...20)) : UInt64(page)
        mapFile(page, length, rights, isShared: isShared, descriptor, offset)
    }

    /// At the offsets where rings and their entries lie.
    private mutating func mapRing(_ page: Int, _ length: Int) {
        let offset = one(of: [0, 0, 0, 1, 0x8000, 0x10000])
        mapFile(page, length, one(of: [1, 3, 3, 3]), isShared: !oneIn(6), UInt64(number(8...9)), offset)
    }

    private mutating func mapFile(
        _ page: Int, _ length: Int, _ rights: UInt64, isShared: Bool, _ descriptor: UInt64, _ offset: UInt64
    ) {
        let type = isShared ? Script.Map.shared : Script.Map.private
        script.call(
            9, Script.address(page), UInt64(length) * Script.page, rights, type | Script.Map.fixed,
            descriptor, offset * Script.page)
        if rights & 2 != 0 { touch(page, length) }
    }

    private mutating func protect() {
        let (page, length, rights) = (page(), length(), one(of: Self.rights))
        script.call(10, Script.address(page), UInt64(length) * Script.page, rights)
        if rights & 2 != 0 { touch(page, length) }
    }

    private mutating func advise() {
        let (page, length, advice) = (page(), length(), one(of: Self.advice))
        script.call(28, Script.address(page), UInt64(length) * Script.page, advice)
    }

    private mutating func move() {
        let (page, length, newLength, target) = (page(), length(), length(), page())
        let size = UInt64(length) * Script.page
        let new = oneIn(2) ? size : UInt64(newLength) * Script.page
        // MREMAP_DONTUNMAP leaves unwritten memory behind, which a write elsewhere would not touch.
        let keeping: UInt64 = options.touching == .everything ? 0 : 4
        let flags = one(of: [0, 1, 3, 3, 3, 3 | keeping, 1 | keeping])
        script.call(
            25, Script.address(page), oneIn(30) ? 0 : size, flags & 4 != 0 ? size : new, flags,
            Script.address(target))
        touch(flags & 2 != 0 ? target : page, newLength)
    }

    private mutating func moveBreak() {
        script.line("b $1 \(number(0...40) * 4096 + number(0...1) * 100)")
    }

    private mutating func bind(_ page: Int, _ length: Int) {
        let mode = number(0...3)
        let mask = mode == 0 ? "0 0" : "&0 64"
        script.line("c 237 \(Script.address(page)) \(length * 4096) \(mode) \(mask) 0")
    }

    private mutating func attach(_ page: Int) {
        script.line("c 30 $0 \(Script.address(page)) \(one(of: [0, 0x4000, 0x5000]))")
    }

    private mutating func lockAll() {
        guard oneIn(4) else { return }
        script.call(151, one(of: [2, 6]))
        map()
        script.call(152)
    }
}
