/// One thing to change, with what it needs and where it is from.
struct Advice: Sendable {
    /// What a backtrace must show for an advice to be about it.
    enum Mark: Sendable {
        /// A frame in a module whose file name begins so.
        case module(String)
        /// A frame in a function whose name begins so.
        case function(String)
        /// malloc or free of the C library called the kernel.
        case libcAllocator

        func fits(_ frames: [SiteFrame]) -> Bool {
            switch self {
            case .module(let name): frames.contains { $0.module.hasPrefix(name) }
            case .function(let name): frames.contains { $0.function?.hasPrefix(name) == true }
            case .libcAllocator: frames.prefix { $0.isInRuntime }.contains { $0.allocates }
            }
        }
    }

    var pattern: Pattern
    /// Nil: for all.
    var mark: Mark?
    /// The mark is of many programs, the text is about one of them, and begins with that condition.
    var isConditional = false
    /// The kernel's first release that can do it.
    var kernel: KernelVersion?
    /// What a replay tries of it; nil: what is done against the pattern in general.
    var trial: Remedy?
    var text: String
    /// Where it is written or was seen to work, and of which version it speaks.
    var source: String

    /// What fits a site, the special in place of the general, the conditional behind it; the kernel's age is respected.
    static func texts(for pattern: Pattern?, frames: [SiteFrame], kernelRelease: String) -> [String] {
        guard let pattern else { return [] }
        let running = KernelVersion(kernelRelease)
        let fitting = knowledge.filter { $0.pattern == pattern && $0.mark?.fits(frames) ?? true }
        let special = fitting.filter { $0.mark != nil && !$0.isConditional }
        let general = fitting.filter { $0.mark == nil }
        let conditional = fitting.filter(\.isConditional)
        return ((special.isEmpty ? general : special) + conditional).map { $0.text(on: running) }
    }

    /// What a replay does to tell its effect.
    var remedy: Remedy { trial ?? Remedy(against: pattern) }

    /// The remedy of a text that `texts` gave; nil for another text.
    static func remedy(of text: String) -> Remedy? {
        knowledge.first { text.hasPrefix($0.text) }?.remedy
    }

    /// A kernel that cannot do it is told so and not left to find out; an unknown one gets the condition.
    private func text(on running: KernelVersion) -> String {
        guard let kernel, running < kernel else { return text }
        let needed = "Linux \(kernel.major).\(kernel.minor)"
        return running.major == 0
            ? text : "\(text) (needs \(needed); this was recorded on \(running.major).\(running.minor))"
    }
}
