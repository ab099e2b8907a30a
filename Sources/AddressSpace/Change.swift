package import TraceLog

/// One VMA that a call or a snapshot added to the set or took from it, or whose file a snapshot named.
@usableFromInline package struct Change: Sendable {
    package enum Kind: UInt8, Sendable { case appeared, vanished, named }
    package var kind: Kind
    /// Whether it vanished because a neighbour grew over it.
    package var byMerge: Bool
    package var owner: Owner
    /// CLOCK_MONOTONIC nanoseconds: the VMA's birth, also where it vanished.
    package var time: UInt64
    /// The range it had when it appeared or vanished.
    package var start: UInt64
    package var end: UInt64
    /// The file it maps.
    package var file: FileID
    /// What the file was taken for until a snapshot named it.
    package var oldFile: FileID

    package init(
        kind: Kind, byMerge: Bool = false, owner: Owner, time: UInt64, start: UInt64, end: UInt64,
        file: FileID = .none, oldFile: FileID = .none
    ) {
        self.kind = kind
        self.byMerge = byMerge
        self.owner = owner
        self.time = time
        self.start = start
        self.end = end
        self.file = file
        self.oldFile = oldFile
    }
}

/// How often the model had to be corrected, by cause; the replay's own account of what it could not know.
package struct Corrections: Sendable, Equatable, Codable {
    /// Mappings of one file that turned out to be (or not to be) of one open file description.
    package var fileIdentity = 0
    /// Anonymous neighbours that turned out to share (or not to share) an anon_vma.
    package var anonVMA = 0
    /// Calls that succeeded on addresses where the model had nothing.
    package var unobserved = 0
    /// VMAs that a snapshot put right.
    package var snapshot = 0
    /// VMAs whose flags alone a snapshot put right.
    package var flags = 0
    /// Failed calls of which the log does not say how far they got.
    package var uncertain = 0
    package init() {}
    package var total: Int { fileIdentity + anonVMA + unobserved + snapshot + flags + uncertain }
}
