/// What Go's linker tells the runtime about a program and no table of functions says (`moduledata`).
struct GoModuleData {
    /// Where Go's code begins.
    let textStart: UInt64
    /// From the beginning of the first function to the end of the last.
    let code: Range<UInt64>
    /// Where the trees of inlined calls lie, in releases that are known.
    let inlineTrees: UInt64?

    /// What there is at the pointers to a table of functions.
    enum Finding {
        case none
        case found(GoModuleData)
        /// It and the table's header disagree: one of them is damaged.
        case contradiction
    }

    static func find(_ header: GoTableHeader, at tableAddress: UInt64, in image: ModuleImage) -> Finding {
        let expected = expectedPointers(header, at: tableAddress)
        for place in image.pointers(to: tableAddress) {
            guard let words = image.words(48, at: place) else { continue }
            let right = expected.count { words[$0] == $1 }
            // Other data may point to the table too.
            guard right > expected.count / 2 else { continue }
            guard right == expected.count, let found = GoModuleData(words, header, image),
                let stated = header.textStart(at: tableAddress, in: image),
                stated == 0 || stated == found.textStart
            else { return .contradiction }
            return .found(found)
        }
        return .none
    }

    private init?(_ words: [UInt64], _ header: GoTableHeader, _ image: ModuleImage) {
        let textStart = words[22]
        guard words[17] == UInt64(header.functionCount) + 1, words[20] < words[21], image.isCode(textStart)
        else { return nil }
        let places = knownPlaces(header.layout).compactMap { place in
            textSections(words[place.sections...], textStart, image).map { (place.trees, $0) }
        }
        // Of code in several pieces each has a base of its own.
        guard places.allSatisfy({ $0.1 == 1 }) else { return nil }
        self.textStart = textStart
        code = words[20]..<words[21]
        inlineTrees = places.count == 1 ? places.first.map { words[$0.0] } : nil
    }
}

/// The fields that point into the table, by their number.
private func expectedPointers(_ header: GoTableHeader, at address: UInt64) -> [(Int, UInt64)] {
    let parts = [header.names, header.units, header.files, header.values, header.functions, header.functions]
    return zip(sequence(first: 1) { $0 + 3 }, parts).map { ($0, address &+ UInt64($1.lowerBound)) }
}

/// Which fields hold the beginning of the trees and the list of text sections: in 1.18, 1.20, 1.26 and 1.27,
/// each until the next.
private func knownPlaces(_ layout: GoTableHeader.Layout) -> [(trees: Int, sections: Int)] {
    switch layout {
    case .go1_2, .go1_16: []
    case .go1_18: [(38, 39)]
    case .go1_20: [(40, 41), (40, 42), (43, 45)]
    }
}

/// How many elements the list of text sections has; nil if the words are no such list.
private func textSections(
    _ words: ArraySlice<UInt64>, _ textStart: UInt64, _ image: ModuleImage
) -> UInt64? {
    let list = Array(words.prefix(3))
    guard list.count == 3, list[1] == list[2], list[1] > 0,
        let first = image.words(3, at: list[0]), first[0] == 0, first[2] == textStart
    else { return nil }
    return list[1]
}
