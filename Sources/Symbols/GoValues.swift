/// Values by code address, as Go packs them: by how much the value changes, and for how far it then holds.
struct GoValues {
    private let bytes: FileBytes
    private let quantum: UInt64

    init(_ bytes: FileBytes, quantum: UInt64) {
        self.bytes = bytes
        self.quantum = quantum
    }

    /// The value at a distance from a function's start, by the list at `offset`.
    ///
    /// nil where the list has ended before, which it does with the function's code, or is not sound.
    func value(at distance: UInt64, list offset: UInt32, functionSize: UInt64) -> Int32? {
        guard offset > 0, var place = Int(exactly: offset) else { return nil }
        var value: Int32 = -1
        var reached: UInt64 = 0
        while let change = number(at: &place), let length = number(at: &place) {
            if change == 0, reached > 0 { return nil }
            value &+= Int32(bitPattern: change >> 1) ^ -Int32(bitPattern: change & 1)
            reached += UInt64(length) * quantum
            guard reached <= functionSize else { return nil }
            if distance < reached { return value }
        }
        return nil
    }

    /// Seven bits a byte, the lowest first; the highest bit says that there are more.
    private func number(at place: inout Int) -> UInt32? {
        var number: UInt32 = 0
        for shift in stride(from: UInt32(0), to: 35, by: 7) {
            guard let byte = bytes.integer(at: place, as: UInt8.self) else { return nil }
            place += 1
            number |= UInt32(byte & 0x7f) << shift
            if byte < 0x80 { return number }
        }
        return nil
    }
}
