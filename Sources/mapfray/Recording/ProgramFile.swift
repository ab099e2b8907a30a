import Glibc

/// What the first bytes of an executable file say about how the kernel will run it.
enum ProgramFile: Equatable {
    case elf(ELFProgram)
    /// `#!`: the interpreter and the one argument the kernel passes to it.
    case script(interpreter: String, argument: String?)
    /// Anything else, or a file that may be run but not read.
    case unknown

    init(path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            self = .unknown
            return
        }
        defer { close(descriptor) }
        let read = { (offset: UInt64, size: Int) in Self.read(descriptor, offset, size) }
        self = ELFProgram(read: read).map { .elf($0) } ?? Self.script(read(0, 256)) ?? .unknown
    }

    private static func read(_ descriptor: Int32, _ offset: UInt64, _ size: Int) -> [UInt8] {
        guard let offset = off_t(exactly: offset) else { return [] }
        var bytes = [UInt8](repeating: 0, count: size)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, offset) }
        return Array(bytes.prefix(max(count, 0)))
    }

    /// The kernel's reading of a first line (fs/binfmt_script.c): 256 bytes, one argument, blanks are space and tab.
    private static func script(_ bytes: [UInt8]) -> ProgramFile? {
        guard bytes.starts(with: "#!".utf8) else { return nil }
        let line = bytes.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") && $0 != 0 }
        let words = String(decoding: line, as: UTF8.self).split(maxSplits: 1) { $0 == " " || $0 == "\t" }
        guard let interpreter = words.first else { return nil }
        let argument = words.dropFirst().first.map { trimmed($0) }
        return .script(interpreter: String(interpreter), argument: argument)
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text.drop { $0 == " " || $0 == "\t" })
    }
}
