/// A function's range in a file's symbol table, by binutils' nm.
struct NamedRange {
    var range: Range<UInt64>
    var name: String
    var isGlobal: Bool
}

func functions(of module: String, _ options: [String] = []) throws -> [NamedRange] {
    try run(["nm", "-S", "--defined-only"] + options + [module]).split(separator: "\n").compactMap { line in
        let parts = line.split(separator: " ", maxSplits: 3)
        guard parts.count == 4, "tTwWi".contains(parts[2]), let start = UInt64(parts[0], radix: 16),
            let size = UInt64(parts[1], radix: 16), size > 0
        else { return nil }
        return NamedRange(
            range: start..<start + size, name: String(parts[3].prefix { $0 != "@" }),
            isGlobal: "TW".contains(parts[2]))
    }
}

/// Every function's first and last byte and some between, the same at every run.
func samples(_ functions: [NamedRange], each count: Int) -> [UInt64] {
    var generator = SeededGenerator(state: 42)
    return functions.flatMap { function in
        [function.range.lowerBound, function.range.upperBound - 1]
            + (0..<count).map { _ in UInt64.random(in: function.range, using: &generator) }
    }
}

/// SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
