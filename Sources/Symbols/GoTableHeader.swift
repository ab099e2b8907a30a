/// The beginning of Go's table of functions (`.gopclntab`): its layout, and where its parts lie.
struct GoTableHeader {
    /// A layout, by the magic number and by the release that brought it.
    enum Layout: UInt32 {
        case go1_2 = 0xffff_fffb
        case go1_16 = 0xffff_fffa
        case go1_18 = 0xffff_fff0
        case go1_20 = 0xffff_fff1
    }

    let layout: Layout
    /// The unit in which code addresses advance.
    let quantum: UInt64
    let functionCount: Int
    /// Names of functions.
    let names: Range<Int>
    /// Offsets into `files`, in a group for each package.
    let units: Range<Int>
    let files: Range<Int>
    /// Packed values by code address: file numbers, lines.
    let values: Range<Int>
    /// A pair for each function, by address; what is known about each follows.
    let functions: Range<Int>

    init?(_ table: FileBytes) {
        guard let magic = table.integer(at: 0, as: UInt32.self), let layout = Layout(rawValue: magic),
            table.integer(at: 4, as: UInt16.self) == 0,
            let quantum = table.integer(at: 6, as: UInt8.self), [1, 2, 4].contains(quantum),
            table.integer(at: 7, as: UInt8.self) == 8,
            let count = table.integer(at: 8, as: UInt64.self).flatMap(Int.init(exactly:)),
            let parts = parts(of: table, layout)
        else { return nil }
        self.layout = layout
        self.quantum = UInt64(quantum)
        functionCount = count
        (names, units, files, values, functions) = parts
        guard count > 0, count < functions.count / pairSize else { return nil }
    }

    /// Since 1.18 addresses and offsets of functions are relative and have half the size.
    var hasRelativeAddresses: Bool { layout == .go1_18 || layout == .go1_20 }

    /// The size of one entry of the functions' table.
    var pairSize: Int { hasRelativeAddresses ? 8 : 16 }

    /// Where Go's code begins by the header itself; nil in layouts without relative addresses, 0 since 1.26.
    func textStart(at tableAddress: UInt64, in image: ModuleImage) -> UInt64? {
        hasRelativeAddresses ? image.words(1, at: tableAddress &+ 24)?.first : nil
    }
}

private func parts(
    of table: FileBytes, _ layout: GoTableHeader.Layout
) -> (names: Range<Int>, units: Range<Int>, files: Range<Int>, values: Range<Int>, functions: Range<Int>)? {
    let whole = 0..<table.count
    // Every offset counts from the beginning of the whole.
    if layout == .go1_2 { return (whole, 0..<0, whole, whole, whole) }
    let first = layout == .go1_16 ? 24 : 32
    let offsets = (0..<5).compactMap { table.integer(at: first + 8 * $0, as: UInt64.self) }
    let bounds = offsets.compactMap(Int.init(exactly:)) + [table.count]
    // The linker writes the parts in this order, which leaves none of them without an end.
    guard bounds.count == 6, bounds[0] > 0, zip(bounds, bounds.dropFirst()).allSatisfy(<) else { return nil }
    return (
        bounds[0]..<bounds[1], bounds[1]..<bounds[2], bounds[2]..<bounds[3], bounds[3]..<bounds[4],
        bounds[4]..<bounds[5]
    )
}
