/// The functions of a Go program, by the table that its own runtime reads.
final class GoSymbols {
    private let table: GoFunctionTable
    private let calls: GoInlinedCalls
    /// What the table is read from.
    private let file: ELFFile

    /// nil if the file holds no such table, or none that is sound.
    init?(_ file: consuming ELFFile) {
        guard let image = ModuleImage(of: file), let (table, trees) = openTable(in: image) else { return nil }
        self.table = table
        calls = GoInlinedCalls(table: table, trees: trees)
        self.file = file
    }

    /// Innermost first; empty if no function's code lies at the address.
    func frames(at address: UInt64) -> [SymbolFrame] {
        guard let function = table.function(at: address), let name = table.name(at: function.nameOffset)
        else {
            return []
        }
        let distance = address - function.range.lowerBound
        guard function.fileList > 0 || function.lineList > 0 else { return [SymbolFrame(function: name)] }
        guard let location = table.location(in: function, at: distance) else { return [] }
        let chain = calls.chain(in: function, at: distance)
        var place: SourceLocation? = location
        var frames: [SymbolFrame] = []
        for call in chain.calls {
            frames.append(
                SymbolFrame(function: call.name, file: place?.file, line: place?.line, isInlined: true))
            place = table.location(in: function, at: call.site)
        }
        // What is left may be the place of a call that is not known.
        if !chain.isComplete { place = nil }
        return frames + [SymbolFrame(function: name, file: place?.file, line: place?.line)]
    }
}

private func openTable(in image: ModuleImage) -> (GoFunctionTable, trees: FileBytes?)? {
    for (address, bytes) in tableCandidates(in: image) {
        guard let header = GoTableHeader(bytes) else { continue }
        return openTable(header, bytes, at: address, in: image)
    }
    return nil
}

private func openTable(
    _ header: GoTableHeader, _ bytes: FileBytes, at address: UInt64, in image: ModuleImage
) -> (GoFunctionTable, trees: FileBytes?)? {
    guard header.hasRelativeAddresses else {
        return GoFunctionTable(header, bytes, textStart: 0).map { ($0, nil) }
    }
    switch GoModuleData.find(header, at: address, in: image) {
    case .contradiction: return nil
    case .none:
        // A release yet to come: the header will do, if it still says where the code begins.
        guard let textStart = header.textStart(at: address, in: image), image.isCode(textStart) else {
            return nil
        }
        return GoFunctionTable(header, bytes, textStart: textStart).map { ($0, nil) }
    case .found(let data):
        let table = GoFunctionTable(header, bytes, textStart: data.textStart)
        guard let table, table.range == data.code else { return nil }
        return (table, data.inlineTrees.flatMap(image.bytes))
    }
}

/// Where a table may lie: in a section of its own, or amid the read-only data of a program that may be loaded
/// anywhere, where GNU ld joins the two.
private func tableCandidates(in image: ModuleImage) -> [(UInt64, FileBytes)] {
    let named = image.sections.filter { [".gopclntab", ".data.rel.ro.gopclntab"].contains($0.name) }
    let own = named.compactMap { content(of: $0, in: image) }
    let isGo = image.sections.contains { [".go.buildinfo", ".note.go.buildid"].contains($0.name) }
    guard own.isEmpty, isGo else { return own }
    let joined = image.sections.filter { $0.name == ".data.rel.ro" }.compactMap { content(of: $0, in: image) }
    return joined.flatMap { address, bytes in
        stride(from: 0, to: bytes.count, by: 8).lazy
            .filter {
                bytes.integer(at: $0 as Int, as: UInt32.self).flatMap(GoTableHeader.Layout.init) != nil
            }
            .compactMap { start in bytes.suffix(from: start).map { (address &+ UInt64(start), $0) } }
    }
}

private func content(of section: ELFSection, in image: ModuleImage) -> (UInt64, FileBytes)? {
    section.fileRange.flatMap { image.file[$0] }.map { (section.address, $0) }
}
