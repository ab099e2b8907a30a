/// An address to be named, in a module as it was loaded.
package struct SymbolRequest: Hashable, Sendable {
    /// Where the module's file lay when the address was recorded.
    package var modulePath: String
    /// The build-id of the loaded module; empty if it had none or nobody asked.
    package var buildID: [UInt8]
    /// The address as the ELF file counts it (`st_value`, `p_vaddr`): runtime address minus the module's
    /// bias.
    ///
    /// For a return address pass the address minus 1: the call ends there, and the byte behind it may belong
    /// to another line, another inlined function, or, after a call that never returns, to another function.
    package var fileAddress: UInt64

    package init(modulePath: String, buildID: [UInt8] = [], fileAddress: UInt64) {
        self.modulePath = modulePath
        self.buildID = buildID
        self.fileAddress = fileAddress
    }
}
