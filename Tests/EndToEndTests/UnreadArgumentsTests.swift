import Foundation
import Testing

/// Calls refused before the kernel reads what their pointers lead to: the tracer follows none of them either.
@Suite struct UnreadArgumentsTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let program = """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <fcntl.h>
        #include <linux/userfaultfd.h>
        #include <stdio.h>
        #include <string.h>
        #include <sys/ioctl.h>
        #include <sys/mman.h>
        #include <sys/syscall.h>
        #include <unistd.h>
        #define TELL(...) tell(syscall(__VA_ARGS__))
        static void tell(long result)
        {
            puts(result < 0 ? strerrorname_np(errno) : "succeeded");
        }
        int main(void)
        {
            void *wild = (void *)8;
            int self = syscall(SYS_pidfd_open, getpid(), 0), faults = syscall(SYS_userfaultfd, O_CLOEXEC | 1);
            char *arguments[] = {"true", 0}, *wild_arguments[] = {wild, 0};
            TELL(SYS_process_madvise, self, wild, 1L, MADV_DONTDUMP, 1);
            TELL(SYS_process_madvise, self, wild, 1L << 20, MADV_DONTDUMP, 0);
            TELL(SYS_process_madvise, self, wild, 1L, MADV_DONTDUMP, 0);
            TELL(SYS_ioctl, faults, UFFDIO_REGISTER, wild);
            TELL(SYS_ioctl, faults, UFFDIO_UNREGISTER, wild);
            TELL(SYS_ioctl, 1, UFFDIO_REGISTER, wild);
            TELL(SYS_io_setup, 0, wild);
            TELL(SYS_prctl, 0x53564d41, 0, 0, 4096, wild);
            TELL(SYS_seccomp, 1, -1, wild);
            TELL(SYS_mbind, wild, 4096, 1, wild, 64, 0);
            TELL(SYS_execve, wild, arguments, arguments);
            TELL(SYS_execve, "/bin/true", wild, arguments);
            TELL(SYS_execve, "/bin/true", arguments, wild_arguments);
            TELL(SYS_execveat, 1, wild, wild_arguments, wild, 0x1000);
            TELL(SYS_getdents64, -1, wild, 4096);
            return 0;
        }
        """

    @Test func `a program that gives wild pointers runs as it does alone`() throws {
        let program = try scratch.compile("wild", Self.program)
        let alone = try run(program, [])
        let recorded = try mapfray("record", "--quiet", "-o", scratch.file("log"), program)
        #expect(alone.status == 0)
        #expect(recorded.status == 0 && recorded.text == alone.text, "\(recorded.text)\(recorded.errors)")
    }
}
