import Symbols
import TraceLog

/// Turns frames of backtraces into functions, each address once.
final class FrameNamer {
    private var definitions: Definitions
    private let symbolizer: Symbolizer?
    private var known: [Frame: [SiteFrame]] = [:]
    /// By `ModuleID`: the file name, and what kind of library it is.
    private var modules: [(name: String, role: Role)] = []

    enum Role {
        case program
        /// Its callers are to blame for what it does: libc and its parts.
        case libc
        case loader
        /// Loaded in place of libc's.
        case allocator
        case tracer
    }

    init(_ definitions: Definitions, options: SymbolizerOptions?) {
        self.definitions = definitions
        symbolizer = options.map { Symbolizer(options: $0) }
        learn(definitions)
    }

    /// Takes up what a log that is followed has defined since; numbers given out before stay as they are.
    func learn(_ definitions: Definitions) {
        self.definitions = definitions
        modules += definitions.modules[modules.count...].map {
            let name = fileName($0.path)
            return (name, Self.role(of: name))
        }
    }

    /// By file name, the only thing that glibc and musl, old and new, agree in.
    static func role(of module: String) -> Role {
        if module.hasPrefix("libmapfray-preload") { return .tracer }
        if ["ld-linux", "ld-musl", "ld-2.", "ld.so", "ld64.so"].contains(where: module.hasPrefix) {
            return .loader
        }
        let libc = ["libc.so", "libc.musl", "libc-2.", "libpthread.", "libpthread-2.", "libdl.", "libdl-2."]
        if libc.contains(where: module.hasPrefix) { return .libc }
        return Blame.allocators.contains(where: module.hasPrefix) ? .allocator : .program
    }

    func role(_ frame: Frame) -> Role { modules[Int(frame.module.rawValue)].role }

    /// The backtrace from the innermost frame outside the tracer on.
    func outsideTracer(_ stack: StackID) -> ArraySlice<Frame> {
        definitions[stack].drop { role($0) == .tracer }
    }

    func isCut(_ stack: StackID) -> Bool { definitions.isCut(stack) }

    /// The frame that a backtrace is blamed on; nil without one. Names no more frames than that takes.
    func blamed(_ stack: StackID) -> SiteFrame? {
        let frames = outsideTracer(stack)
        let outside = frames.firstIndex { ![.libc, .loader].contains(role($0)) } ?? frames.startIndex
        let named = frames[outside...].prefix(Blame.depth).flatMap { self.frames($0) }
        return named.blamed.map { named[$0] }
    }

    /// What a file is called; "" for none.
    func path(of file: FileID) -> String {
        Int(file.rawValue) < definitions.files.count ? definitions[file].path : ""
    }

    /// The functions at a frame, inlined ones first; one frame without a function where none is certain.
    func frames(_ frame: Frame) -> [SiteFrame] {
        if let frames = known[frame] { return frames }
        let frames = resolved(frame)
        known[frame] = frames
        return frames
    }

    private func resolved(_ frame: Frame) -> [SiteFrame] {
        let module = definitions[frame.module]
        let fileAddress = frame.runtimeAddress &- module.bias
        let name = modules[Int(frame.module.rawValue)].name
        let request = SymbolRequest(
            modulePath: module.path, buildID: module.buildID,
            fileAddress: frame.instruction &- module.bias)
        let found = frame.module == .none ? [] : symbolizer?.frames(for: request).frames ?? []
        guard !found.isEmpty else { return [SiteFrame(function: nil, module: name, offset: fileAddress)] }
        return found.map {
            SiteFrame(
                function: $0.function, module: name, file: $0.fileName, line: $0.line, inlined: $0.isInlined,
                offset: fileAddress)
        }
    }
}

/// What follows the last slash.
func fileName(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
}
