/// Names addresses: function, file, line and the functions inlined there.
///
/// Keeps what it read for as long as it lives. Not thread-safe, as libdw is not: one per task.
package final class Symbolizer {
    private let options: SymbolizerOptions

    package init(options: SymbolizerOptions = SymbolizerOptions()) {
        self.options = options
    }

    /// The functions at an address; without names, and with the reason, where none is certain.
    package func frames(for request: SymbolRequest) -> Resolution {
        Resolution(problem: .missing)
    }
}
