/// Names addresses: function, file, line and the functions inlined there.
///
/// Keeps what it read for as long as it lives. Not thread-safe, as libdw is not: one per task.
package final class Symbolizer {
    private let search: FileSearch
    private var modules: [ModuleKey: Result<ModuleSymbols, ModuleProblem>] = [:]

    package init(options: SymbolizerOptions = SymbolizerOptions()) {
        search = FileSearch(options: options)
    }

    /// The functions at an address; without names, and with the reason, where none is certain.
    package func frames(for request: SymbolRequest) -> Resolution {
        switch module(of: request) {
        case .success(let module): module.resolution(at: request.fileAddress)
        case .failure(let problem): Resolution(problem: problem)
        }
    }

    private func module(of request: SymbolRequest) -> Result<ModuleSymbols, ModuleProblem> {
        let key = ModuleKey(path: request.modulePath, buildID: request.buildID)
        if let module = modules[key] { return module }
        let module = Result { () throws(ModuleProblem) in
            try ModuleSymbols(path: key.path, buildID: key.buildID, search: search)
        }
        modules[key] = module
        return module
    }
}

private struct ModuleKey: Hashable {
    var path: String
    var buildID: [UInt8]
}
