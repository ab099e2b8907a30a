/// All that is known about one module: its debug information, its symbol table, and the answers given so far.
final class ModuleSymbols {
    private let session: DwflSession
    private let names: FunctionNames
    private let debug: DebugInformation?
    private let problem: ModuleProblem?
    private var known: [UInt64: Resolution] = [:]

    init(path: String, buildID: [UInt8], search: FileSearch) throws(ModuleProblem) {
        let file = try search.module(path: path, buildID: buildID)
        session = try DwflSession(file: file, debugFiles: DebugFileSource(search: search, modulePath: path))
        // The debug file first: libdwfl takes the fuller symbol table from it.
        let information = session.debugInformation()
        let symbols = SymbolTable(module: session.module)
        let names = FunctionNames(symbols: symbols)
        self.names = names
        let (origin, code) = (session.debugFilePath ?? path, file.executableRanges)
        debug = information.map { dwarf, bias in
            let alternate = AlternateFile(of: dwarf, in: origin, search: search)
            return DebugInformation(dwarf: dwarf, bias: bias, alternate: alternate, code: code, names: names)
        }
        problem = symbols.isEmpty && debug?.isEmpty ?? true ? .noSymbols : nil
    }

    func resolution(at address: UInt64) -> Resolution {
        if let answer = known[address] { return answer }
        let answer = Resolution(frames: frames(at: address), problem: problem)
        known[address] = answer
        return answer
    }

    private func frames(at address: UInt64) -> [SymbolFrame] {
        if let frames = debug?.frames(at: address), !frames.isEmpty { return frames }
        return names.symbol(at: address).map { [SymbolFrame(function: $0)] } ?? []
    }
}
