import TraceFormat

/// Turns the keys of the log into the reader's numbers.
struct DefinitionTable {
    var definitions = Definitions()
    var stacks: [UInt64: StackID] = [:]
    var files: [UInt64: FileID] = [:]
    var modules = ModuleMap()
    /// The latest keys looked up, by their low bits: most calls come from few places.
    private var recent = [(key: UInt64, stack: StackID)](repeating: (0, .none), count: Self.recentCount)

    private static let recentCount = 4096

    init() {}

    /// Nil if the log has not defined the key so far.
    @inline(__always)
    mutating func stack(_ key: UInt64) -> StackID? {
        if key == 0 { return StackID.none }
        let place = Int(truncatingIfNeeded: key) & (Self.recentCount - 1)
        if recent[place].key == key { return recent[place].stack }
        guard let stack = stacks[key] else { return nil }
        recent[place] = (key, stack)
        return stack
    }

    /// Nil if the log has not defined the key so far.
    func file(_ key: UInt64) -> FileID? { key == 0 ? FileID.none : files[key] }
}

// MARK: - Records; each function answers whether the content makes sense

extension DefinitionTable {
    /// A key defined again with other frames is another backtrace from here on.
    mutating func defineStack(_ record: Record) -> Bool {
        guard record.has(mf_stack.self) else { return false }
        let head: mf_stack = record.load()
        guard record.has(mf_stack.self, and: head.count, elementsOf: 8), head.key != 0 else { return false }
        let count = Int(head.count)
        // Absent if no frame was interrupted, or the log is of before this was told.
        let tellsInterrupted = record.has(
            mf_stack.self, and: head.count + (head.count + 63) / 64, elementsOf: 8)
        let frames = (0..<count).map { index in
            let marks =
                tellsInterrupted ? record.word(at: MemoryLayout<mf_stack>.size + 8 * (count + index / 64)) : 0
            return frame(
                at: record.word(at: MemoryLayout<mf_stack>.size + 8 * index),
                isInterrupted: marks >> (index % 64) & 1 != 0)
        }
        let isCut = record.detail & UInt8(MF_STACK_CUT) != 0
        if let known = stacks[head.key], definitions[known] == frames,
            definitions.stackIsCut[Int(known.rawValue)] == isCut
        {
            return true
        }
        set(head.key, definitions.add(stack: frames, isCut: isCut))
        return true
    }

    private func frame(at address: UInt64, isInterrupted: Bool) -> Frame {
        var frame = Frame(runtimeAddress: address, module: .none, isInterrupted: isInterrupted)
        frame.module = modules.module(at: frame.instruction)
        return frame
    }

    private mutating func set(_ key: UInt64, _ stack: StackID) {
        stacks[key] = stack
        recent[Int(truncatingIfNeeded: key) & (Self.recentCount - 1)] = (key, stack)
    }

    mutating func defineFile(_ record: Record) -> Bool {
        guard record.has(mf_file.self) else { return false }
        let head: mf_file = record.load()
        guard record.has(mf_file.self, and: head.path_size), head.key != 0 else { return false }
        let path = record.text(at: MemoryLayout<mf_file>.size, count: head.path_size)
        let facts = FileFacts(device: head.device, inode: head.inode, path: path)
        if let known = files[head.key], definitions[known] == facts { return true }
        files[head.key] = definitions.add(file: facts)
        return true
    }

    mutating func defineModule(_ record: Record) -> Bool {
        guard record.has(mf_module.self) else { return false }
        let head: mf_module = record.load()
        guard record.has(mf_module.self, and: head.path_size), head.start < head.end,
            head.build_id_size <= UInt64(MemoryLayout.size(ofValue: head.build_id))
        else { return false }
        let buildID = withUnsafeBytes(of: head.build_id) { Array($0.prefix(Int(head.build_id_size))) }
        let module = Module(
            range: head.start..<head.end, bias: head.bias, buildID: buildID,
            path: record.text(at: MemoryLayout<mf_module>.size, count: head.path_size))
        if definitions[modules.module(at: head.start)] == module { return true }
        return modules.insert(definitions.add(module: module), at: module.range)
    }
}
