/// Go's table of functions, which every Go program carries for its own tracebacks, stripped or not.
///
/// Nothing is read before it is asked for: the table of a large program takes tens of megabytes.
struct GoFunctionTable {
    let header: GoTableHeader
    /// From the beginning of the first function to the end of the last.
    private(set) var range: Range<UInt64> = 0..<0
    /// What the table's addresses count from.
    private let base: UInt64
    private let table: FileBytes
    private let names: FileBytes
    private let units: FileBytes
    private let files: FileBytes
    private let values: GoValues
    private let pairs: FileBytes
    private let records: FileBytes

    init?(_ header: GoTableHeader, _ table: FileBytes, textStart: UInt64) {
        guard let names = table[header.names], let units = table[header.units],
            let files = table[header.files], let values = table[header.values],
            let functions = table[header.functions],
            let pairs = header.layout == .go1_2 ? functions.suffix(from: 16) : functions
        else { return nil }
        self.header = header
        base = header.hasRelativeAddresses ? textStart : 0
        self.table = table
        (self.names, self.units, self.files, self.pairs) = (names, units, files, pairs)
        self.values = GoValues(values, quantum: header.quantum)
        records = functions
        let (start, end) = (start(of: 0), start(of: header.functionCount))
        guard start < end else { return nil }
        range = start..<end
    }

    func function(at address: UInt64) -> GoFunction? {
        guard range.contains(address) else { return nil }
        var (low, high) = (0, header.functionCount)
        while low + 1 < high {
            let middle = (low + high) / 2
            if start(of: middle) <= address { low = middle } else { high = middle }
        }
        let (start, end) = (start(of: low), start(of: low + 1))
        // A damaged table misleads the search. The records say again where what it found begins and ends.
        guard start <= address, address < end, let record = record(of: low),
            low + 1 == header.functionCount || self.record(of: low + 1) != nil
        else { return nil }
        return GoFunction(record, header.layout, range: start..<end)
    }

    func name(at offset: UInt32) -> String? { names.text(at: offset) }

    func value(of list: UInt32, in function: GoFunction, at distance: UInt64) -> Int32? {
        values.value(at: distance, list: list, functionSize: function.size)
    }

    /// The source file and line at a distance from a function's start.
    ///
    /// nil where the function's code has ended: in the padding before the next one.
    func location(in function: GoFunction, at distance: UInt64) -> SourceLocation? {
        guard let file = value(of: function.fileList, in: function, at: distance),
            let line = value(of: function.lineList, in: function, at: distance)
        else { return nil }
        return SourceLocation(file: fileName(file, of: function), line: Int(line))
    }

    private func fileName(_ number: Int32, of function: GoFunction) -> String? {
        guard number >= 0 else { return nil }
        guard header.layout != .go1_2 else { return listedFile(number) }
        guard let unit = function.unit,
            let offset = units.integer(at: 4 * (UInt64(unit) + UInt64(number)), as: UInt32.self)
        else { return nil }
        return files.text(at: offset)
    }

    /// Before 1.16 one list of files for the whole program follows the functions' pairs; its first entry
    /// is its length.
    private func listedFile(_ number: Int32) -> String? {
        guard let list = pairs.integer(at: header.functionCount * 16 + 8, as: UInt32.self),
            let count = table.integer(at: list, as: UInt32.self), number > 0, number < count,
            let offset = table.integer(at: UInt64(list) + 4 * UInt64(number), as: UInt32.self)
        else { return nil }
        return table.text(at: offset)
    }

    /// Where a function begins; of the number behind the last, where that one ends.
    private func start(of index: Int) -> UInt64 { base &+ (half(2 * index) ?? 0) }

    /// What is known about a function; nil if it is not about the one that begins where the pair says.
    private func record(of index: Int) -> FileBytes? {
        guard let offset = half(2 * index + 1), let record = records.suffix(from: offset) else { return nil }
        let start: UInt64? =
            header.hasRelativeAddresses
            ? record.integer(at: 0, as: UInt32.self).map(UInt64.init) : record.integer(at: 0)
        return start == half(2 * index) ? record : nil
    }

    private func half(_ index: Int) -> UInt64? {
        header.hasRelativeAddresses
            ? pairs.integer(at: index * 4, as: UInt32.self).map(UInt64.init) : pairs.integer(at: index * 8)
    }
}
