/// One function of Go's table: its code, and what the table's record says of it.
struct GoFunction {
    /// From its start to the next function's: its code and the padding behind it.
    let range: Range<UInt64>
    let nameOffset: UInt32
    /// Lists of values by address; 0 where there is none, as for C and for data amid the code.
    let fileList: UInt32
    let lineList: UInt32
    let inlineList: UInt32
    /// Where the numbers of the function's files begin in the table of units.
    let unit: UInt32?
    /// Where its tree of inlined calls lies, from the beginning of the module's trees.
    let inlineTree: UInt32?

    var size: UInt64 { range.upperBound - range.lowerBound }

    init?(_ record: FileBytes, _ layout: GoTableHeader.Layout, range: Range<UInt64>) {
        self.range = range
        let start = layout == .go1_2 || layout == .go1_16 ? 8 : 4
        func field(_ index: Int) -> UInt32? { record.integer(at: start + 4 * index) }
        guard let name = field(0), let file = field(4), let line = field(5), let valueLists = field(6) else {
            return nil
        }
        (nameOffset, fileList, lineList) = (name, file, line)
        unit = layout == .go1_2 ? nil : field(7)
        // Earlier layouts have trees as well, which releases number differently.
        guard layout == .go1_18 || layout == .go1_20 else {
            (inlineList, inlineTree) = (0, nil)
            return
        }
        let fixedSize = layout == .go1_18 ? 40 : 44
        guard let dataCount = record.integer(at: fixedSize - 1, as: UInt8.self) else { return nil }
        inlineList =
            valueLists > inlineListIndex ? record.integer(at: fixedSize + 4 * inlineListIndex) ?? 0 : 0
        let tree: UInt32? = record.integer(at: UInt64(fixedSize) + 4 * (UInt64(valueLists) + inlineTreeIndex))
        inlineTree = dataCount > inlineTreeIndex && tree != .max ? tree : nil
    }
}

/// Behind its fixed part a record has numbered lists of values, then numbered pieces of data.
private let inlineListIndex = 2
private let inlineTreeIndex: UInt64 = 3
