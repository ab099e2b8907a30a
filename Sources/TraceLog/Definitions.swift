/// A mapped file or bracketed name.
package struct FileFacts: Codable, Sendable, Hashable {
    /// Major number in the high half, minor in the low half.
    package var device: UInt64
    package var inode: UInt64
    package var path: String
    package init(device: UInt64, inode: UInt64, path: String) {
        self.device = device
        self.inode = inode
        self.path = path
    }
}

extension FileFacts {
    /// Shared anonymous memory: the kernel makes a file for each mapping (Linux mm/shmem.c, shmem_zero_setup).
    fileprivate var isTransient: Bool { path.isEmpty || path == "/dev/zero (deleted)" }
}

/// An ELF object as it was loaded.
package struct Module: Codable, Sendable, Hashable {
    package var range: Range<UInt64>
    /// Run-time address minus the address in the ELF file.
    package var bias: UInt64
    package var buildID: [UInt8]
    package var path: String
    package init(range: Range<UInt64>, bias: UInt64, buildID: [UInt8], path: String) {
        self.range = range
        self.bias = bias
        self.buildID = buildID
        self.path = path
    }
}

/// A return address with the module it lay in when the backtrace was taken.
package struct Frame: Sendable, Hashable {
    package var runtimeAddress: UInt64
    package var module: ModuleID
    /// It is no return address: a signal came before this instruction.
    package var isInterrupted: Bool

    package init(runtimeAddress: UInt64, module: ModuleID, isInterrupted: Bool = false) {
        self.runtimeAddress = runtimeAddress
        self.module = module
        self.isInterrupted = isInterrupted
    }

    /// An address in the instruction that the frame was at. A return address lies behind its call, which may be the
    /// last instruction of its line, inlined function, function or module.
    package var instruction: UInt64 {
        isInterrupted || runtimeAddress == 0 ? runtimeAddress : runtimeAddress - 1
    }
}

/// What calls and snapshots refer to by number: backtraces, files, modules. Grows while the log is read.
package struct Definitions: Sendable {
    /// By `StackID`; the first entry is the empty backtrace. Innermost frame first.
    package private(set) var stacks: [[Frame]] = [[]]
    /// By `StackID`: whether the unwinder gave up before the outermost frame.
    package private(set) var stackIsCut: [Bool] = [false]
    /// By `FileID`; the first entry is "none".
    package private(set) var files: [FileFacts] = [FileFacts(device: 0, inode: 0, path: "")]
    /// By `ModuleID`; the first entry is "none".
    package private(set) var modules: [Module] = [Module(range: 0..<0, bias: 0, buildID: [], path: "")]

    package init() {}

    /// Files that are not made for one mapping alone, and so may be mapped again under the same key.
    package var lastingFiles: Set<FileID> {
        Set(files.indices.dropFirst().filter { !files[$0].isTransient }.map { FileID(rawValue: UInt32($0)) })
    }

    package subscript(stack: StackID) -> [Frame] { stacks[Int(stack.rawValue)] }
    /// Whether a backtrace may lack callers: at its end, or between.
    package func isCut(_ stack: StackID) -> Bool { stackIsCut[Int(stack.rawValue)] }
    package subscript(file: FileID) -> FileFacts { files[Int(file.rawValue)] }
    package subscript(module: ModuleID) -> Module { modules[Int(module.rawValue)] }

    package mutating func add(stack frames: [Frame], isCut: Bool) -> StackID {
        stacks.append(frames)
        stackIsCut.append(isCut)
        return StackID(rawValue: UInt32(stacks.count - 1))
    }

    package mutating func add(file: FileFacts) -> FileID {
        files.append(file)
        return FileID(rawValue: UInt32(files.count - 1))
    }

    package mutating func add(module: Module) -> ModuleID {
        modules.append(module)
        return ModuleID(rawValue: UInt32(modules.count - 1))
    }
}

// MARK: - What was added

extension Definitions {
    /// How many there are of each.
    package struct Extent: Sendable {
        fileprivate var stacks: Int
        fileprivate var files: Int
        fileprivate var modules: Int
    }

    /// What came behind an extent, apart from the rest: definitions that grow on are not copied for it.
    package struct Additions: Sendable {
        fileprivate var stacks: [[Frame]]
        fileprivate var stackIsCut: [Bool]
        fileprivate var files: [FileFacts]
        fileprivate var modules: [Module]
    }

    package var extent: Extent { Extent(stacks: stacks.count, files: files.count, modules: modules.count) }

    package func additions(since extent: Extent) -> Additions {
        Additions(
            stacks: Array(stacks[extent.stacks...]), stackIsCut: Array(stackIsCut[extent.stacks...]),
            files: Array(files[extent.files...]), modules: Array(modules[extent.modules...]))
    }

    package mutating func add(_ additions: Additions) {
        stacks += additions.stacks
        stackIsCut += additions.stackIsCut
        files += additions.files
        modules += additions.modules
    }
}
