import Foundation
import Testing

/// Code that a program maps from a file itself, without ld.so.
@Suite struct `Mapped code` {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// A file of functions that unmap what they are given, 16 bytes each: of three times as many there are entries.
    private static let code = """
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <pthread.h>
        #include <stdint.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/mman.h>
        #include <unistd.h>
        enum { PAGE = 4096, FUNCTIONS = 60, CODE = PAGE };
        typedef long function(void *, long);
        static int file;
        static void make(const char *path)
        {
            static const uint8_t unmap[] = {0xB8, 11, 0, 0, 0, 0x0F, 0x05, 0xC3}; /* mov $11, %eax; syscall; ret */
            static uint8_t bytes[CODE];
            for (int i = 0; i < FUNCTIONS; i++)
                memcpy(bytes + 16 * i, unmap, sizeof unmap);
            file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0700);
            if (write(file, bytes, CODE) != CODE)
                exit(9);
        }
        static char *load(void *place)
        {
            char *code = mmap(place, CODE, PROT_READ | PROT_EXEC, MAP_PRIVATE | (place ? MAP_FIXED : 0), file, 0);
            if (code == MAP_FAILED)
                exit(8);
            return code;
        }
        static void use(char *code)
        {
            for (int i = 0; i < FUNCTIONS; i++) {
                char *page = mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                if (((function *)(code + 16 * i))(page, PAGE) != 0)
                    exit(7);
            }
        }
        """

    private func record(_ main: String) throws -> (recorded: Execution, verified: Execution) {
        let program = try scratch.compile("mapped", Self.code + main, ["-pthread"])
        let log = scratch.file("log")
        let recorded = try mapfray("record", "--quiet", "-o", log, "--", program, scratch.file("code"))
        return (recorded, try mapfray("verify", log))
    }

    /// Always elsewhere, so that entries of code that is gone are given to other code.
    @Test func `threads map code at once`() throws {
        let run = try record(
            """
            static void *churn(void *place)
            {
                for (int i = 0; i < 300; i++) {
                    char *code = load((char *)place + i * 2 * CODE);
                    use(code);
                    munmap(code, CODE);
                }
                return 0;
            }
            int main(int count, char **arguments)
            {
                pthread_t threads[3];
                make(arguments[count - 1]);
                for (int i = 0; i < 3; i++) {
                    void *place = mmap(0, 600 * CODE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                    pthread_create(&threads[i], 0, churn, place);
                }
                for (int i = 0; i < 3; i++)
                    pthread_join(threads[i], 0);
                return 0;
            }
            """)
        #expect(run.recorded.status == 0, "\(run.recorded.errors)")
        #expect(run.verified.status == 0, "\(run.verified.text)")
    }

    @Test func `code that is moved runs where it comes to`() throws {
        let run = try record(
            """
            int main(int count, char **arguments)
            {
                make(arguments[count - 1]);
                char *code = load(0), *room = mmap(0, 64L << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
                use(code);
                char *moved = mremap(code, CODE, CODE, MREMAP_MAYMOVE | MREMAP_FIXED, room);
                return ((function *)moved)(room + (1L << 30), PAGE) != 0;
            }
            """)
        #expect(run.recorded.status == 0, "\(run.recorded.errors)")
        try scratch.expectInexact("log", because: "what code does that was moved is not seen")
        #expect(
            run.verified.text.contains("60 system call instructions whose code the program has moved"),
            "\(run.verified.text)")
    }
}
