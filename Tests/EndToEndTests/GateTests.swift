import Foundation
import Testing

/// `int $0x80` enters the kernel past what is redirected: the log names the code that has it.
@Suite struct `The way in for 32 bits` {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Two functions that are never called: a kernel may be built without that way in.
    private static let gates = """
        #define GATE(name) __attribute__((noinline)) long name(long number) \\
            { long result; __asm__ volatile("int $0x80" : "=a"(result) : "a"(number) : "memory"); return result; }
        GATE(first)
        GATE(second)
        """

    /// What `verify` says of a recording that ends well.
    private func verified(_ arguments: [String], log: String = "log") throws -> String {
        var environment = try preloadEnvironment(scratch.file(log))
        environment["MAPFRAY_STUBS"] = scratch.file("stubs")
        let ran = try run(arguments[0], Array(arguments.dropFirst()), environment: environment)
        #expect(ran.status == 0, "\(ran.errors)")
        return try mapfray("verify", scratch.file(log)).text
    }

    @Test func `a program that has such instructions is named`() throws {
        let program = try scratch.compile(
            "gates",
            Self.gates
                + "int main(int count, char **a) { (void)a; return count > 1 && first(20) + second(20); }")
        let text = try verified([program])
        #expect(
            text.contains("not covered: 2 int $0x80 instructions in gates, the way in for 32 bits"), "\(text)"
        )
    }

    @Test func `constants and longer instructions with its bytes are none`() throws {
        let program = try scratch.compile(
            "constants",
            """
            #define CALL 0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3,
            #define CALLS CALL CALL CALL CALL CALL CALL CALL CALL
            __attribute__((section(".text.unlikely"))) static const unsigned char among[] = {CALLS CALLS CALLS CALLS};
            int main(void)
            {
                int sum = 0;
                __asm__("mov $0x80cd80cd, %%eax\\n lea 0x80cd(%%rax), %%eax" : "=a"(sum));
                return among[5] != 0xcd || !sum;
            }
            """, ["-Wa,--no-warn"])
        let text = try verified([program])
        #expect(!text.contains("not covered"), "\(text)")
    }

    @Test func `a library that is loaded later is named, and remembered`() throws {
        _ = try scratch.compile(
            "gates.so", Self.gates + "__asm__(\".text\\n.fill 65536, 1, 0x90\\n\");", ["-shared", "-fPIC"])
        let program = try scratch.compile(
            "loader", "#include <dlfcn.h>\nint main(int c, char **a) { return !dlopen(a[c - 1], RTLD_NOW); }",
            ["-ldl"])
        try scratch.write("stubs", "", mode: 0o600)
        Thread.sleep(forTimeInterval: 2.3)  // until then what was found is not remembered
        for log in ["first", "second"] {
            let text = try verified([program, scratch.file("gates.so")], log: log)
            #expect(text.contains("not covered: 2 int $0x80 instructions in gates.so"), "\(text)")
        }
    }
}
