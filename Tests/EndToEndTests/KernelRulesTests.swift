import AddressSpace
import Foundation
import Testing
import TraceLog

/// What differs between kernels is asked of the running one before a recording begins.
@Suite struct `Kernel rules` {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func facts(_ folder: String) throws -> ProcessFacts {
        let name = try #require(try scratch.contents(folder).first)
        return try LogReader(path: scratch.file("\(folder)/\(name)")).facts
    }

    @Test func `this kernel answers as the table of versions says`() throws {
        let result = try mapfray("record", "--quiet", "-o", scratch.file("log"), "true")
        #expect(result.status == 0, "\(result.errors)")
        let facts = try facts("log")
        #expect(facts.kernelAnswers.count == 10, "\(facts.kernelAnswers)")
        #expect(KernelRules(facts) == KernelRules(kernelRelease: facts.kernelRelease))
    }

    /// Plain memory beside memory for a stack: one VMA where MAP_STACK means nothing, two where it sets `nh`.
    private static let program = """
        #include <sys/mman.h>
        int main(void)
        {
            char *area = mmap(0, 8 * 4096, 0, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            mmap(area + 4096, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
            mmap(area + 8192, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_STACK, -1, 0);
            mmap(area + 4 * 4096, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_STACK, -1, 0);
            mmap(area + 5 * 4096, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
            return mprotect(area + 5 * 4096, 4096, 1) || mprotect(area + 4 * 4096, 4096, 1);
        }
        """

    private func vmas(of log: String) throws -> Int {
        let name = try #require(try scratch.contents(log).first)
        var reader = try LogReader(path: scratch.file("\(log)/\(name)"))
        var space = AddressSpace(rules: KernelRules(reader.facts))
        while let entry = reader.next() {
            switch entry {
            case .snapshot(let snapshot) where snapshot.reason == .start: _ = space.adopt(snapshot)
            // What the kernel was asked is left out: the rules alone are to tell.
            case .call(var call):
                call.flags.remove(.hasObservation)
                space.apply(call)
            default: break
            }
        }
        return space.count
    }

    @Test func `an answer in the log outweighs the version`() throws {
        let program = try scratch.compile("program", Self.program)
        for (log, answer) in [("plain", nil), ("other", "stack_means_no_huge_page=0")] {
            var environment = try preloadEnvironment(scratch.file(log))
            environment["MAPFRAY_RULES"] = answer
            #expect(try run(program, [], environment: environment).status == 0)
        }
        #expect(try facts("plain").kernelAnswers.isEmpty)
        #expect(try facts("other").kernelAnswers == ["stack_means_no_huge_page": false])
        #expect(try vmas(of: "other") < vmas(of: "plain"))
    }

    /// Executes what it is told to behind a filter that kills whatever makes the newest call that is tried.
    private static let sandbox = """
        #include <linux/filter.h>
        #include <linux/seccomp.h>
        #include <stddef.h>
        #include <sys/prctl.h>
        #include <sys/syscall.h>
        #include <unistd.h>
        int main(int count, char **arguments)
        {
            struct sock_filter steps[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 462 /* mseal */, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
            };
            struct sock_fprog filter = {4, steps};
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
                return 65;
            execv(arguments[1], arguments + 1);
            return 66;
        }
        """

    @Test func `a sandbox that kills what tries the rules does not end the recording`() throws {
        let sandbox = try scratch.compile("sandbox", Self.sandbox)
        let arguments = ["record", "--quiet", "-o", scratch.file("log"), "true"]
        let result = try run(sandbox, [try mapfrayPath()] + arguments)
        #expect(result.status == 0)
        // The program ran to its end; the tracer leaves alone what a filter unknown to it confines.
        #expect(result.errors.contains("nothing was recorded"), "\(result.errors)")
    }
}
