import Testing

@testable import TraceLog

/// What a checkpoint defines may have been made up: no number leads beyond what there is.
struct SavedDefinitionsTests {
    private func saved(
        stacks: [UInt64] = [], fileCount: Int = 1, stackKeys: [UInt64] = [], fileKeys: [UInt64] = [],
        loaded: [UInt64] = []
    ) -> SavedDefinitions {
        SavedDefinitions(
            stacks: WordList(stacks), files: [:], fileCount: fileCount, modules: [],
            stackKeys: WordList(stackKeys), fileKeys: WordList(fileKeys), loaded: WordList(loaded))
    }

    @Test func `what lies within is taken`() throws {
        let table = try DefinitionTable(
            saved(stacks: [1 << 1, 0x1000, 0], fileCount: 3, stackKeys: [7, 1], fileKeys: [8, 2]))
        #expect(table.definitions.stacks.count == 2 && table.definitions.files.count == 3)
    }

    @Test func `what leads beyond is refused`() {
        let wrong = [
            saved(fileCount: 1 << 40), saved(stacks: [1 << 1, 0x1000, 5]), saved(stacks: [1 << 62]),
            saved(stackKeys: [7, 1]), saved(stackKeys: [7, 0xFFFF_FFFF]), saved(fileKeys: [8, 1]),
            saved(loaded: [0x1000, 0x2000, 1]), saved(loaded: [0x1000, 0x2000]),
        ]
        for saved in wrong {
            #expect(throws: WordList.TooShort.self) { try DefinitionTable(saved) }
        }
    }
}
