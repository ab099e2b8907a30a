import Foundation
import Testing
import TraceFormat
import TraceLog

/// What was found in the code of files is remembered between recordings, and never trusted too far.
@Suite struct `Stub cache` {
    private let scratch: Scratch
    private let program: String

    /// Loads the library that it is told of, and has it map a page.
    private static let loader = """
        #include <dlfcn.h>
        int main(int count, char **arguments)
        {
            void *library = dlopen(arguments[1], RTLD_NOW);
            void *(*map)(void) = library ? (void *(*)(void))dlsym(library, "map_page") : 0;
            return map && map() ? 0 : 1;
        }
        """

    /// A library with a system call of its own, `padding` bytes into code that is worth remembering.
    private static func library(padding: Int) -> String {
        """
        __asm__(".text\\n.fill \(padding), 1, 0x90\\n"
                ".globl map_page\\n.type map_page, @function\\nmap_page:\\n"
                "xorl %edi, %edi\\nmovl $4096, %esi\\nmovl $3, %edx\\nmovl $0x22, %r10d\\nmovq $-1, %r8\\n"
                "xorl %r9d, %r9d\\nmovl $9, %eax\\nsyscall\\nret\\n.fill \(65536 - padding), 1, 0x90\\n");
        """
    }

    init() throws {
        scratch = try Scratch()
        program = try scratch.compile("loader", Self.loader, ["-ldl"])
        try build("library.so", padding: 1000)
        try build("other.so", padding: 5000)
        try scratch.write("stubs", "", mode: 0o600)
    }

    private func build(_ name: String, padding: Int) throws {
        _ = try scratch.compile(name, Self.library(padding: padding), ["-shared", "-fPIC"])
    }

    /// Waits until the files' times are old enough that a change after it would bear another.
    private func settle() { Thread.sleep(forTimeInterval: 2.3) }

    /// Whether the library's own call was seen at its instruction.
    private func seesCall(_ log: String) throws -> Bool {
        var environment = try preloadEnvironment(scratch.file(log))
        environment["MAPFRAY_STUBS"] = scratch.file("stubs")
        #expect(try run(program, [scratch.file("library.so")], environment: environment).status == 0)
        let name = try #require(try scratch.contents(log).first)
        var reader = try LogReader(path: scratch.file("\(log)/\(name)"))
        var last: Call?
        while let entry = reader.next() {
            if case .call(let call) = entry, call.kind == .mmap { last = call }
        }
        return last.map { $0.arguments.3 == 0x22 && $0.arguments.1 == 4096 } ?? false
    }

    private func entries() throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: scratch.file("stubs"))))
    }

    private func put(_ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: scratch.file("stubs")))
    }

    /// Changes each entry that holds one place (the library's) and gives it a right check, as if found so.
    private func forge(count: UInt32, place: UInt32) throws -> Int {
        var bytes = try entries(), forged = 0
        for start in stride(from: 0, to: bytes.count - 511, by: 512) {
            bytes[start..<start + 512].withUnsafeMutableBytes { entry in
                guard entry.load(fromByteOffset: 56, as: UInt32.self) == 1 else { return }
                entry.storeBytes(of: count, toByteOffset: 56, as: UInt32.self)
                entry.storeBytes(of: place, toByteOffset: 68, as: UInt32.self)
                entry.storeBytes(of: Self.check(entry), as: UInt64.self)
                forged += 1
            }
        }
        try put(bytes)
        return forged
    }

    /// As stub_cache.c has it: over what is searched for, in its version 9, and the entry.
    private static func check(_ entry: UnsafeMutableRawBufferPointer) -> UInt64 {
        let wanted = [
            9, 10, 11, 12, 16, 25, 28, 30, 59, 67, 135, 149, 150, 151, 152, 157, 206, 207, 216, 217, 231, 237,
            317, 322, 325, 329, 440, 450, 453, 462,
        ]
        var interest = [UInt8](repeating: 0, count: 512)
        for number in wanted { interest[number] = 1 }
        return mf_mix(mf_mix(9, interest, 64), entry.baseAddress?.advanced(by: 8), 63)
    }

    @Test func `a second recording remembers, and sees the same`() throws {
        settle()
        #expect(try seesCall("first"))
        let remembered = try entries()
        #expect(remembered.contains { $0 != 0 })
        #expect(try seesCall("second"))
        #expect(try entries() == remembered)
        // It is used: an entry that says there is nothing hides the call.
        #expect(try forge(count: 0, place: 0) >= 1)
        #expect(try !seesCall("third"))
        try scratch.expectInexact("third", because: "its library's call is hidden on purpose")
    }

    @Test func `a place that holds no system call is not believed`() throws {
        settle()
        #expect(try seesCall("first"))
        #expect(try forge(count: 1, place: 77) >= 1)
        #expect(try seesCall("second"))
        #expect(try forge(count: 1, place: .max) >= 1)
        #expect(try seesCall("third"))
    }

    @Test func `a damaged cache costs nothing but the search`() throws {
        settle()
        #expect(try seesCall("first"))
        let whole = try entries()
        try put(whole.map { $0 == 0 ? 0 : $0 ^ 0x10 })
        #expect(try seesCall("flipped"))
        try put(Array(whole.prefix(whole.count / 2 + 100)))
        #expect(try seesCall("short"))
        try put([UInt8](repeating: 0xFF, count: 2 << 20))
        #expect(try seesCall("garbage"))
        try FileManager.default.removeItem(atPath: scratch.file("stubs"))
        #expect(try seesCall("missing"))
        #expect(!FileManager.default.fileExists(atPath: scratch.file("stubs")))
    }

    @Test func `a library that was written anew in place is searched again`() throws {
        settle()
        #expect(try seesCall("first"))
        let other = try Data(contentsOf: URL(fileURLWithPath: scratch.file("other.so")))
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: scratch.file("library.so")))
        try file.write(contentsOf: other)
        try file.close()
        #expect(try seesCall("second"))
    }

    @Test func `what has just been written is not remembered`() throws {
        try build("library.so", padding: 3000)
        #expect(try seesCall("first"))
        #expect(try forge(count: 0, place: 0) == 0)
    }

    @Test func `record keeps it in the user's folder`() throws {
        let result = try run(
            mapfrayPath(),
            ["record", "--quiet", "-o", scratch.file("log"), program, scratch.file("library.so")],
            environment: ProcessInfo.processInfo.environment.merging(["XDG_CACHE_HOME": scratch.file("cache")]
            ) { $1 })
        #expect(result.status == 0, "\(result.errors)")
        let attributes = try FileManager.default.attributesOfItem(atPath: scratch.file("cache/mapfray/stubs"))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(attributes[.size] as? Int ?? 0 > 0)
    }
}
