/// All that is known about one module: its debug information, its symbol table, Go's table of functions, and
/// the answers given so far.
final class ModuleSymbols {
    private let session: DwflSession
    private let names: FunctionNames
    private let debug: DebugInformation?
    private let go: GoSymbols?
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
        go = GoSymbols(file)
        problem = symbols.isEmpty && debug?.isEmpty ?? true && go == nil ? .noSymbols : nil
    }

    func resolution(at address: UInt64) -> Resolution {
        if let answer = known[address] { return answer }
        let answer = Resolution(frames: frames(at: address), problem: problem)
        known[address] = answer
        return answer
    }

    private func frames(at address: UInt64) -> [SymbolFrame] {
        let debugFrames = debug?.frames(at: address) ?? []
        if debugFrames.last?.function != nil { return debugFrames }
        var frames = go?.frames(at: address) ?? []
        if frames.isEmpty, !debugFrames.isEmpty { return debugFrames }
        guard let symbol = names.symbol(at: address) else { return frames }
        if frames.isEmpty { return [SymbolFrame(function: symbol)] }
        // The symbol spells out the types of a generic function, for which Go's table may have "...".
        frames[frames.count - 1].function = symbol
        return frames
    }
}
