/// A table of functions in one of Go's layouts, written by hand.
struct HandmadeGoTable {
    struct Function {
        var name: String
        var file: Int
        /// How many bytes of code belong to which line, from the start on.
        var lines: [(size: Int, line: Int)]
        var padding: Int

        var codeSize: Int { lines.map(\.size).reduce(0, +) }
    }

    let bytes: [UInt8]
    /// Where the index lies, and what it says again of where functions begin.
    let index: Range<Int>

    init(magic: UInt32, files: [String], functions: [Function], textStart: UInt64) {
        let writer = Writer(magic: magic, files: files, functions: functions, textStart: textStart)
        (bytes, index) = magic == 0xffff_fffb ? writer.oldest() : writer.later()
    }
}

private struct Writer {
    let magic: UInt32
    let files: [String]
    let functions: [HandmadeGoTable.Function]
    let textStart: UInt64

    /// Since 1.18 relative to where the code begins, in half the size.
    private var isRelative: Bool { magic == 0xffff_fff0 || magic == 0xffff_fff1 }
    private var header: [UInt8] { little(magic) + [0, 0, 1, 8] + little(UInt64(functions.count)) }
    private var indexSize: Int { (2 * functions.count + 1) * (isRelative ? 4 : 8) }

    private func address(_ value: UInt64) -> [UInt8] { isRelative ? little(UInt32(value)) : little(value) }

    /// Until 1.15: all offsets count from the beginning, and files are numbered from 1.
    func oldest() -> (bytes: [UInt8], index: Range<Int>) {
        let index = 16..<16 + indexSize
        let records = index.upperBound + 8
        let names = texts(functions.map(\.name), at: records + functions.count * 40)
        let paths = texts(files, at: names.end)
        let values = valueLists(at: paths.end, firstFile: 1)
        let content = functionPart(names.offsets, values.lists, recordsAt: records, head: [])
        let list = little(UInt32(values.end)) + little(UInt32(0))
        let fileList = little(UInt32(files.count + 1)) + paths.offsets.flatMap(little)
        let bytes = header + content.index + list + content.records + names.bytes + paths.bytes
        return (bytes + values.bytes + fileList, index)
    }

    /// Since 1.16: parts, of which each counts its own offsets.
    func later() -> (bytes: [UInt8], index: Range<Int>) {
        let (names, paths) = (texts(functions.map(\.name), at: 0), texts(files, at: 0))
        let values = valueLists(at: 0, firstFile: 0)
        let content = functionPart(names.offsets, values.lists, recordsAt: indexSize, head: little(UInt32(0)))
        let parts = [
            names.bytes, paths.offsets.flatMap(little), paths.bytes, values.bytes,
            content.index + content.records,
        ]
        var head = header + little(UInt64(files.count)) + (isRelative ? little(textStart) : [])
        var place = head.count + 8 * parts.count
        for part in parts {
            head += little(UInt64(place))
            place += part.count
        }
        let index = place - parts[4].count..<place - parts[4].count + indexSize
        return (head + parts.joined(), index)
    }

    private func functionPart(
        _ names: [UInt32], _ lists: [(file: UInt32, line: UInt32)], recordsAt start: Int, head unit: [UInt8]
    ) -> (index: [UInt8], records: [UInt8]) {
        var (index, records) = ([UInt8](), [UInt8]())
        var place = isRelative ? 0 : textStart
        for (function, (name, list)) in zip(functions, zip(names, lists)) {
            index += address(place) + address(UInt64(start + records.count))
            records += address(place) + [name, 0, 0, 0, list.file, list.line, 0].flatMap(little) + unit
            records += [UInt8](repeating: 0, count: magic == 0xffff_fff1 ? 8 : 4)
            place += UInt64(function.codeSize + function.padding)
        }
        return (index + address(place), records)
    }

    private func valueLists(
        at start: Int, firstFile: Int
    ) -> (bytes: [UInt8], lists: [(file: UInt32, line: UInt32)], end: Int) {
        // No list lies at 0.
        var (bytes, lists) = ([UInt8](arrayLiteral: 0), [(file: UInt32, line: UInt32)]())
        for function in functions {
            let file = UInt32(start + bytes.count)
            bytes += packed([(function.codeSize, function.file + firstFile)])
            lists.append((file, UInt32(start + bytes.count)))
            bytes += packed(function.lines.map { ($0.size, $0.line) })
        }
        return (bytes, lists, start + bytes.count)
    }
}

private func packed(_ values: [(size: Int, value: Int)]) -> [UInt8] {
    var (bytes, last) = ([UInt8](), -1)
    for (size, value) in values {
        let change = value - last
        bytes += number(change < 0 ? -2 * change - 1 : 2 * change) + number(size)
        last = value
    }
    return bytes + [0]
}

/// Seven bits a byte.
private func number(_ value: Int) -> [UInt8] {
    value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7f) | 0x80] + number(value >> 7)
}

private func texts(_ texts: [String], at start: Int) -> (bytes: [UInt8], offsets: [UInt32], end: Int) {
    var (bytes, offsets) = ([UInt8](), [UInt32]())
    for text in texts {
        offsets.append(UInt32(start + bytes.count))
        bytes += Array(text.utf8) + [0]
    }
    return (bytes, offsets, start + bytes.count)
}

private func little(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian, Array.init)
}
