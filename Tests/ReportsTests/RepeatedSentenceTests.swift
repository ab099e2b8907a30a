import Reports
import Testing

@Suite struct RepeatedSentenceTests {
    @Test func `what is said more than once is counted, in the order of first mention`() {
        let list = RepeatedSentence.list(["b", "a", "b", "c", "b"])
        #expect(list.map(\.text) == ["b (3 times)", "a", "c"])
        #expect(list.map(\.count) == [3, 1, 1])
        #expect(RepeatedSentence.list([]) == [])
    }
}
