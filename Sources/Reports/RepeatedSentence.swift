/// A sentence, and how often it is said.
package struct RepeatedSentence: Sendable, Equatable {
    package let sentence: String
    package private(set) var count: Int

    /// The sentence once: `a program was executed unrecorded (5 times)`.
    package var text: String { count == 1 ? sentence : "\(sentence) (\(count) times)" }

    /// Each sentence once, in the order in which they are first said.
    package static func list(_ sentences: [String]) -> [RepeatedSentence] {
        var (list, places): ([RepeatedSentence], [String: Int]) = ([], [:])
        for sentence in sentences {
            if let place = places[sentence] {
                list[place].count += 1
            } else {
                places[sentence] = list.count
                list.append(RepeatedSentence(sentence: sentence, count: 1))
            }
        }
        return list
    }
}
