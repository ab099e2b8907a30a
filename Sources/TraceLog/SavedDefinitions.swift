/// The definitions of a log and the keys it gave them.
struct SavedDefinitions: Codable {
    /// For each backtrace its number of frames (the lowest bit: whether it was cut), then address and module of each
    /// (the highest bit: whether it was interrupted).
    var stacks: WordList
    /// By number; the others, up to `fileCount`, are gone.
    var files: [UInt32: FileFacts]
    var fileCount: Int
    var modules: [Module]
    /// Key and number by turns.
    var stackKeys: WordList
    var fileKeys: WordList
    /// Start, end and number of each module in force.
    var loaded: WordList
}

extension DefinitionTable {
    func saved(keeping kept: Set<FileID>) -> SavedDefinitions {
        var words: [UInt64] = []
        for (frames, isCut) in zip(definitions.stacks, definitions.stackIsCut).dropFirst() {
            words.append(UInt64(frames.count) << 1 | (isCut ? 1 : 0))
            for frame in frames {
                words += [
                    frame.runtimeAddress, UInt64(frame.module.rawValue) | (frame.isInterrupted ? 1 << 63 : 0),
                ]
            }
        }
        return SavedDefinitions(
            stacks: WordList(words),
            files: Dictionary(uniqueKeysWithValues: kept.map { ($0.rawValue, definitions[$0]) }),
            fileCount: definitions.files.count,
            modules: Array(definitions.modules.dropFirst()),
            stackKeys: WordList(stacks.flatMap { [$0.key, UInt64($0.value.rawValue)] }),
            fileKeys: WordList(
                files.filter { kept.contains($0.value) }.flatMap { [$0.key, UInt64($0.value.rawValue)] }),
            loaded: WordList(
                modules.loaded.flatMap {
                    [$0.range.lowerBound, $0.range.upperBound, UInt64($0.module.rawValue)]
                }))
    }

    /// More files than any log names.
    private static let mostFiles: Int = 1 << 24

    /// - Throws: `WordList.TooShort` if a list is cut off, or a number leads beyond one.
    init(_ saved: SavedDefinitions) throws {
        self.init()
        guard saved.fileCount <= Self.mostFiles else { throw WordList.TooShort() }
        for number in 1..<UInt32(max(saved.fileCount, 1)) {
            _ = definitions.add(file: saved.files[number] ?? FileFacts(device: 0, inode: 0, path: ""))
        }
        for module in saved.modules { _ = definitions.add(module: module) }
        var words = WordList(saved.stacks)
        while !words.isAtEnd {
            let head = try words.next()
            var frames: [Frame] = []
            for _ in 0..<head >> 1 {
                let address = try words.next()
                let place = try words.next()
                let module = try Self.number(place & ~(1 << 63), in: definitions.modules.count)
                frames.append(
                    Frame(
                        runtimeAddress: address, module: ModuleID(rawValue: module),
                        isInterrupted: place >> 63 != 0))
            }
            _ = definitions.add(stack: frames, isCut: head & 1 != 0)
        }
        var keys = WordList(saved.stackKeys)
        while !keys.isAtEnd {
            let key = try keys.next()
            stacks[key] = StackID(rawValue: try Self.number(keys.next(), in: definitions.stacks.count))
        }
        keys = WordList(saved.fileKeys)
        while !keys.isAtEnd {
            let key = try keys.next()
            files[key] = FileID(rawValue: try Self.number(keys.next(), in: definitions.files.count))
        }
        keys = WordList(saved.loaded)
        while !keys.isAtEnd {
            let (start, end) = (try keys.next(), try keys.next())
            let module = ModuleID(rawValue: try Self.number(keys.next(), in: definitions.modules.count))
            if start < end { _ = modules.insert(module, at: start..<end) }
        }
    }

    /// A number that leads into a list of so many.
    private static func number(_ word: UInt64, in count: Int) throws -> UInt32 {
        guard word < UInt64(count), let number = UInt32(exactly: word) else { throw WordList.TooShort() }
        return number
    }
}
