internal import CElfutils

/// A debugging information entry (DIE).
struct DebugEntry {
    private(set) var die: Dwarf_Die

    init(_ die: Dwarf_Die) { self.die = die }

    /// What distinguishes the entry from every other of the module.
    var identity: UnsafeMutableRawPointer? { die.addr }

    var tag: Int {
        var die = die
        return Int(dwarf_tag(&die))
    }

    var firstChild: DebugEntry? {
        var (die, child) = (die, Dwarf_Die())
        return dwarf_child(&die, &child) == 0 ? DebugEntry(child) : nil
    }

    /// libdw only goes forward, so that walking siblings ends in a damaged file as well.
    var nextSibling: DebugEntry? {
        var (die, sibling) = (die, Dwarf_Die())
        return dwarf_siblingof(&die, &sibling) == 0 ? DebugEntry(sibling) : nil
    }

    var children: some Sequence<DebugEntry> {
        sequence(state: firstChild) { next in
            defer { next = next?.nextSibling }
            return next
        }
    }

    /// Where the entry's code lies, as addresses of the debug file.
    var ranges: [Range<UInt64>] {
        var (die, base, start, end) = (die, Dwarf_Addr(), Dwarf_Addr(), Dwarf_Addr())
        var result: [Range<UInt64>] = []
        var offset = 0
        while true {
            offset = dwarf_ranges(&die, offset, &base, &start, &end)
            guard offset > 0 else { return result }
            if start < end { result.append(start..<end) }
        }
    }

    func contains(_ address: UInt64) -> Bool {
        var die = die
        return dwarf_haspc(&die, address) == 1
    }

    /// An attribute of the entry itself, or of the abstract entry or declaration that it completes.
    func string(_ attribute: Int) -> String? {
        withAttribute(attribute) { dwarf_formstring(&$0).map { String(cString: $0) } }
    }

    /// As `string`, for a number.
    func number(_ attribute: Int) -> Int? {
        withAttribute(attribute) { form in
            var value: Dwarf_Word = 0
            return dwarf_formudata(&form, &value) == 0 ? Int(exactly: value) : nil
        }
    }

    /// The entry that an attribute of this one refers to.
    func reference(_ attribute: Int) -> DebugEntry? {
        var (die, form, target) = (die, Dwarf_Attribute(), Dwarf_Die())
        guard dwarf_attr(&die, UInt32(attribute), &form) != nil,
            dwarf_formref_die(&form, &target) != nil
        else { return nil }
        return DebugEntry(target)
    }

    private func withAttribute<T>(_ attribute: Int, _ read: (inout Dwarf_Attribute) -> T?) -> T? {
        var (die, form) = (die, Dwarf_Attribute())
        guard dwarf_attr_integrate(&die, UInt32(attribute), &form) != nil else { return nil }
        return read(&form)
    }
}
