import Analysis
import Symbols
import TraceLog

/// Backtraces with their functions, each named once.
final class BacktraceNamer {
    private let symbolizer: Symbolizer
    private var known: [StackID: [SiteFrame]] = [:]

    init(options: SymbolizerOptions) {
        symbolizer = Symbolizer(options: options)
    }

    /// The innermost frame outside the tracer first, functions inlined there before the one they were compiled into.
    func frames(of stack: StackID, _ definitions: Definitions) -> [SiteFrame] {
        if let frames = known[stack] { return frames }
        let frames = definitions[stack].flatMap { name($0, definitions[$0.module]) }.drop { $0.isInTracer }
        known[stack] = Array(frames)
        return Array(frames)
    }

    private func name(_ frame: Frame, _ module: Module) -> [SiteFrame] {
        let address = frame.runtimeAddress &- module.bias
        let path = module.path.split(separator: "/").last.map(String.init) ?? module.path
        let request = SymbolRequest(
            modulePath: module.path, buildID: module.buildID,
            fileAddress: frame.instruction &- module.bias)
        let named = frame.module == .none ? [] : symbolizer.frames(for: request).frames
        guard !named.isEmpty else { return [SiteFrame(function: nil, module: path, offset: address)] }
        return named.map {
            SiteFrame(
                function: $0.function, module: path, file: $0.fileName, line: $0.line, inlined: $0.isInlined,
                offset: address)
        }
    }
}
