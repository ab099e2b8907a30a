/// The calls that Go's compiler replaced by the called functions' code, since 1.18.
struct GoInlinedCalls {
    private let table: GoFunctionTable
    /// The trees of all functions; nil where nobody knows where they lie.
    private let trees: FileBytes?

    struct Call {
        let name: String
        /// A distance from the function's start that has the call's file and line.
        let site: UInt64
    }

    init(table: GoFunctionTable, trees: FileBytes?) {
        self.table = table
        self.trees = trees
    }

    /// The calls that an instruction is part of, innermost first.
    ///
    /// Not complete where the tree does not say what the last of them lies in: the compiler left no
    /// instruction with its place, or the tree is damaged.
    func chain(in function: GoFunction, at distance: UInt64) -> (calls: [Call], isComplete: Bool) {
        var calls: [Call] = []
        var (index, limit) = (number(in: function, at: distance), Int32.max)
        while let current = index {
            // A call lies in the tree behind the one that it is part of.
            guard current < limit, let call = call(current, of: function) else { return (calls, false) }
            calls.append(call)
            limit = current
            index = number(in: function, at: call.site)
        }
        return (calls, true)
    }

    /// The number of the innermost call that an instruction is part of.
    private func number(in function: GoFunction, at distance: UInt64) -> Int32? {
        let number = table.value(of: function.inlineList, in: function, at: distance)
        return number.flatMap { $0 < 0 ? nil : $0 }
    }

    private func call(_ number: Int32, of function: GoFunction) -> Call? {
        let (size, nameField, siteField) = table.header.layout == .go1_18 ? (20, 12, 16) : (16, 4, 8)
        guard let tree = function.inlineTree,
            let entry = trees?.suffix(from: UInt64(tree) + UInt64(number.magnitude) * UInt64(size)),
            let nameOffset = entry.integer(at: nameField, as: UInt32.self),
            let name = table.name(at: nameOffset),
            let site = entry.integer(at: siteField, as: UInt32.self), site < function.size
        else { return nil }
        return Call(name: name, site: UInt64(site))
    }
}
