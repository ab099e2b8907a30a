import TraceLog

/// What backtraces of one site have in common: their first frame outside libc and ld.so, by function where one is
/// certain.
struct SiteKey: Hashable {
    var origin: Site.Origin
    var module = ""
    var function: String?
    var offset: UInt64 = 0

    init(origin: Site.Origin, module: String = "", function: String? = nil, offset: UInt64 = 0) {
        self.origin = origin
        self.module = module
        self.function = function
        self.offset = offset
    }

    init(slot: Int, namer: FrameNamer) {
        guard let stack = SiteTable.stack(of: slot) else {
            self.init(origin: Self.origin(slot))
            return
        }
        self = Self.key(of: stack, namer)
    }

    private static func key(of stack: StackID, _ namer: FrameNamer) -> SiteKey {
        let frames = namer.outsideTracer(stack)
        guard let frame = frames.first(where: { namer.role($0) == .program }) ?? frames.first else {
            return SiteKey(origin: .withoutStack)
        }
        if frame.module == .none { return SiteKey(origin: .code, function: "generated code") }
        guard let named = namer.frames(frame).first else { return SiteKey(origin: .withoutStack) }
        return SiteKey(
            origin: .code, module: named.module, function: named.function,
            offset: named.function == nil ? named.offset : 0)
    }

    private static func origin(_ slot: Int) -> Site.Origin {
        switch SiteTable.Special(rawValue: slot) {
        case .beforeTrace: .beforeTrace
        case .notObserved: .notObserved
        case .withoutStack, nil: .withoutStack
        }
    }

    /// `function@module`, `module+0xoffset`, or why there is none.
    var name: String {
        switch origin {
        case .beforeTrace: "before the trace"
        case .notObserved: "not observed"
        case .withoutStack: "no backtrace"
        case .code:
            module.isEmpty
                ? function ?? ""
                : function.map { "\($0)@\(module)" } ?? "\(module)+0x\(String(offset, radix: 16))"
        }
    }
}
