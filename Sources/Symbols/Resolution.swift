/// What is known about one address.
package struct Resolution: Sendable, Hashable {
    /// Innermost (inlined) first, the physical function last; empty if the address has no certain name.
    package var frames: [SymbolFrame]
    /// Why the address' module cannot be named, or can only in part; nil if it was read in full.
    package var problem: ModuleProblem?

    package init(frames: [SymbolFrame] = [], problem: ModuleProblem? = nil) {
        self.frames = frames
        self.problem = problem
    }
}
