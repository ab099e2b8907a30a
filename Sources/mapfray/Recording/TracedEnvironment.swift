import Glibc

/// The environment of a traced command: the caller's own, with the tracer preloaded.
enum TracedEnvironment {
    /// `settings` replace variables of the same name; our library goes in front of what is preloaded already.
    static func make(library: String, settings: [String: String]) -> CStrings {
        let before = getenv("LD_PRELOAD").map { String(cString: $0) } ?? ""
        var settings = settings
        settings["LD_PRELOAD"] = before.isEmpty ? library : "\(library):\(before)"
        return CStrings.environment(replacing: settings)
    }
}
