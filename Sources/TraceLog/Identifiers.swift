/// A distinct backtrace of the log; 0 is "no backtrace".
@usableFromInline package struct StackID: RawRepresentable, Codable, Hashable, Comparable, Sendable {
    @usableFromInline package var rawValue: UInt32
    @inlinable package init(rawValue: UInt32) { self.rawValue = rawValue }
    @inlinable package static var none: StackID { StackID(rawValue: 0) }
    @inlinable package static func < (a: StackID, b: StackID) -> Bool { a.rawValue < b.rawValue }
}

/// A mapped file or a bracketed name such as `[heap]`, as device, inode and path; 0 is "none".
@usableFromInline package struct FileID: RawRepresentable, Codable, Hashable, Sendable {
    @usableFromInline package var rawValue: UInt32
    @inlinable package init(rawValue: UInt32) { self.rawValue = rawValue }
    @inlinable package static var none: FileID { FileID(rawValue: 0) }
}

/// A loaded ELF object at one place; 0 is "none".
package struct ModuleID: RawRepresentable, Codable, Hashable, Sendable {
    package var rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    package static let none = ModuleID(rawValue: 0)
}
