import Foundation
import Testing
import TraceFormat

/// The source folder of the format.
private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Sources/TraceFormat")

@Suite struct `The log format` {
    /// Offsets by field name, as Swift sees the header.
    private let headerFields: [(name: String, offset: Int?, size: Int)] = [
        ("identity.magic", MemoryLayout.offset(of: \mf_header.identity.magic), 8),
        ("identity.version", MemoryLayout.offset(of: \mf_header.identity.version), 4),
        ("identity.header_size", MemoryLayout.offset(of: \mf_header.identity.header_size), 4),
        ("identity.byte_order", MemoryLayout.offset(of: \mf_header.identity.byte_order), 4),
        ("identity.page_size", MemoryLayout.offset(of: \mf_header.identity.page_size), 4),
        ("identity.features", MemoryLayout.offset(of: \mf_header.identity.features), 8),
        ("identity.ring_offset", MemoryLayout.offset(of: \mf_header.identity.ring_offset), 8),
        ("identity.ring_size", MemoryLayout.offset(of: \mf_header.identity.ring_size), 8),
        ("identity.segment_size", MemoryLayout.offset(of: \mf_header.identity.segment_size), 8),
        ("identity.segment_count", MemoryLayout.offset(of: \mf_header.identity.segment_count), 8),
        ("identity.spill_offset", MemoryLayout.offset(of: \mf_header.identity.spill_offset), 8),
        ("identity.start_time", MemoryLayout.offset(of: \mf_header.identity.start_time), 8),
        ("identity.start_realtime", MemoryLayout.offset(of: \mf_header.identity.start_realtime), 8),
        ("identity.process", MemoryLayout.offset(of: \mf_header.identity.process), 4),
        ("identity.parent_process", MemoryLayout.offset(of: \mf_header.identity.parent_process), 4),
        ("identity_check", MemoryLayout.offset(of: \mf_header.identity_check), 8),
        ("head", MemoryLayout.offset(of: \mf_header.head), 8),
        ("definitions_head", MemoryLayout.offset(of: \mf_header.definitions_head), 8),
        ("lost", MemoryLayout.offset(of: \mf_header.lost), 8),
        ("spill_errno", MemoryLayout.offset(of: \mf_header.spill_errno), 8),
        ("state", MemoryLayout.offset(of: \mf_header.state), 8),
        ("wait_status", MemoryLayout.offset(of: \mf_header.wait_status), 8),
        ("has_wait_status", MemoryLayout.offset(of: \mf_header.has_wait_status), 8),
        ("committed", MemoryLayout.offset(of: \mf_header.committed), 8 * Int(MF_SEGMENTS_MAX)),
        ("laps", MemoryLayout.offset(of: \mf_header.laps), 8 * Int(MF_SEGMENTS_MAX)),
        ("children_missing", MemoryLayout.offset(of: \mf_header.children_missing), 8),
        ("children_errno", MemoryLayout.offset(of: \mf_header.children_errno), 8),
        ("spill_limit", MemoryLayout.offset(of: \mf_header.spill_limit), 8),
        ("folded", MemoryLayout.offset(of: \mf_header.folded), 8),
        ("claimed", MemoryLayout.offset(of: \mf_header.claimed), 8),
        ("wait_time", MemoryLayout.offset(of: \mf_header.wait_time), 8),
    ]

    @Test func `has the header that its documentation shows`() throws {
        let page = try String(contentsOf: folder.appendingPathComponent("FORMAT.md"), encoding: .utf8)
        let documented = page.split(separator: "\n").compactMap { line -> String? in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count >= 3, Int(cells[0]) != nil else { return nil }
            return cells[..<3].joined(separator: " ")
        }
        let actual = headerFields.map { "\($0.offset ?? -1) \($0.size) \($0.name)" }
        #expect(documented == actual)
    }

    @Test func `leaves no gap in the header`() {
        var end = 0
        for field in headerFields {
            #expect(field.offset == end, "\(field.name)")
            end = (field.offset ?? 0) + field.size
        }
        #expect(end == MemoryLayout<mf_header>.size && end <= Int(MF_HEADER_SIZE))
    }

    @Test func `begins with readable letters`() {
        let letters = withUnsafeBytes(of: MF_MAGIC.littleEndian) { String(decoding: $0, as: UTF8.self) }
        #expect(letters == "mapfray\n")
    }

    @Test func `names each flag by two letters, once`() {
        let letters = Array(MF_VMA_FLAG_NAMES)
        #expect(letters.count.isMultiple(of: 2))
        let names = stride(from: 0, to: letters.count - 1, by: 2).map { String(letters[$0...$0 + 1]) }
        #expect(Set(names).count == names.count)
        #expect(names.count + Int(MF_VMA_FLAG_SHIFT) <= 64)
    }

    @Test func `knows every flag that this kernel shows`() throws {
        let letters = Array(MF_VMA_FLAG_NAMES)
        let names = Set(stride(from: 0, to: letters.count - 1, by: 2).map { String(letters[$0...$0 + 1]) })
        let smaps = try String(contentsOfFile: "/proc/self/smaps", encoding: .utf8)
        let shown = smaps.split(separator: "\n").filter { $0.hasPrefix("VmFlags:") }
            .flatMap { $0.dropFirst(8).split(separator: " ").map(String.init) }
        #expect(!shown.isEmpty && Set(shown).subtracting(names).isEmpty)
    }
}

@Suite struct `The check of a record` {
    private func record(_ size: Int) -> [UInt8] {
        var bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        let head = mf_record(check: 0, size: UInt16(size), kind: 3, detail: 9)
        withUnsafeBytes(of: head) { bytes.replaceSubrange(0..<8, with: $0) }
        return bytes
    }

    private func check(_ bytes: [UInt8], at position: UInt64 = 4096) -> UInt32 {
        bytes.withUnsafeBytes { raw in raw.baseAddress.map { mf_record_check(position, $0) } ?? 0 }
    }

    @Test(arguments: [8, 24, 96, 8192]) func `notices every changed bit but those of itself`(size: Int) {
        let original = record(size)
        let right = check(original)
        for bit in stride(from: 0, to: size * 8, by: size > 1000 ? 97 : 1) where !(32..<48).contains(bit) {
            var changed = original
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect((check(changed) == right) == (bit < 32), "bit \(bit)")
        }
    }

    @Test func `depends on the position`() {
        let bytes = record(96)
        let checks = Set((0..<10_000 as Range<UInt64>).map { check(bytes, at: $0 * 8) })
        #expect(checks.count > 9_990)
    }

    @Test func `of a header notices every changed bit`() {
        let identity = mf_identity()
        let right = withUnsafePointer(to: identity) { mf_identity_check($0) }
        for bit in 0..<MemoryLayout<mf_identity>.size * 8 {
            var changed = identity
            withUnsafeMutableBytes(of: &changed) { $0[bit / 8] ^= 1 << UInt8(bit % 8) }
            #expect(withUnsafePointer(to: changed) { mf_identity_check($0) } != right, "bit \(bit)")
        }
    }
}
