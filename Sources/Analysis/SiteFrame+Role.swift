extension SiteFrame {
    /// Whether it lies in the C library or the loader, whose callers are to blame for what they do.
    package var isInRuntime: Bool {
        let role = FrameNamer.role(of: module)
        return role == .libc || role == .loader
    }

    /// Whether it lies in the tracer itself.
    package var isInTracer: Bool { FrameNamer.role(of: module) == .tracer }
}
