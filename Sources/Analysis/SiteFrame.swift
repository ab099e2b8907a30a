/// A frame of a backtrace as a reader wants it.
package struct SiteFrame: Codable, Sendable, Hashable {
    /// Null if no symbol covers the address: a nearest exported name would be a false one.
    @Nullable package var function: String?
    /// The file name of the ELF object, or "" outside any.
    package var module = ""
    @Nullable package var file: String?
    @Nullable package var line: Int?
    package var inlined = false
    /// The address in the ELF file, for frames without a function.
    package var offset: UInt64 = 0

    package init(
        function: String?, module: String, file: String? = nil, line: Int? = nil, inlined: Bool = false,
        offset: UInt64 = 0
    ) {
        self.function = function
        self.module = module
        self.file = file
        self.line = line
        self.inlined = inlined
        self.offset = offset
    }
}
