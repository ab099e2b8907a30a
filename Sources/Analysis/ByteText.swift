/// Sizes for people.
package enum ByteText {
    /// `512 bytes`, `64 KiB`, `1.5 GiB`: in the largest unit that the size reaches, to one decimal below ten.
    package static func of(_ bytes: UInt64) -> String {
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        guard bytes >= 1024 else { return "\(bytes) bytes" }
        let place = min((63 - bytes.leadingZeroBitCount) / 10, units.count)
        let tenths = UInt64((Double(bytes) * 10 / Double(UInt64(1) << (10 * place))).rounded())
        let text = tenths < 100 && tenths % 10 != 0 ? "\(tenths / 10).\(tenths % 10)" : "\((tenths + 5) / 10)"
        return "\(text) \(units[place - 1])"
    }
}
