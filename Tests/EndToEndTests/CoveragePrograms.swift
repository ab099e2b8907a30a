extension CoverageTests {
    /// More than ten, of different runtimes; each runs for about a second under strace.
    static let programs = [
        Program(
            // It starts threads for more than 131,072 lines in its buffer.
            name: "C, threads: sort", script: "seq 1 400000 | rev | sort --parallel=4 -S 32M -T . -o sorted",
            least: 30),
        Program(
            name: "C++: g++ on a program with iostream", needs: ["/usr/bin/g++"],
            script: "printf '#include <iostream>\\nint main() { std::cout << 1; }' > a.cc; g++ -O1 -o a a.cc"),
        Program(
            name: "a compiler driver: gcc -pipe", needs: ["/usr/bin/gcc"],
            script: "printf '#include <stdio.h>\\nint main() { puts(\"1\"); }' > a.c; gcc -pipe -g -o a a.c",
            least: 50),
        Program(
            name: "CPython: threads, imports, ctypes", needs: ["/usr/bin/python3"],
            preparation: write("a.py", python), script: "python3 a.py", least: 500),
        Program(
            name: "Perl", needs: ["/usr/bin/perl"],
            script:
                "perl -MPOSIX -MData::Dumper -e '$x .= \"abc\" x 1000 for 1..2000; @a = map { [$_] } 1..100000'"
        ),
        Program(
            name: "Java: threads", needs: ["/usr/bin/java", "/usr/bin/javac"],
            preparation: write("T.java", java) + "; javac T.java", script: "java -Xmx64m T", least: 500),
        Program(
            name: "Node: workers", needs: ["/usr/bin/node"], preparation: write("a.js", node),
            script: "node a.js",
            least: 500),
        Program(
            name: "a JIT: LuaJIT", needs: ["/usr/bin/luajit"],
            preparation: write("a.lua", lua), script: "luajit a.lua"),
        Program(
            name: "Ruby: fibers", needs: ["/usr/bin/ruby"],
            script: "ruby -e 'f = (1..300).map { Fiber.new { Fiber.yield } }; f.each(&:resume)'", least: 500),
        Program(
            name: "a server with threads under load: redis",
            needs: ["/usr/bin/redis-server", "/usr/bin/redis-benchmark"],
            script: redis, least: 30),
        Program(
            name: "a server that forks", needs: ["/usr/bin/python3"],
            preparation: write("a.py", forkingServer),
            script: "python3 a.py", least: 300),
        allocator("tcmalloc", "/usr/lib/x86_64-linux-gnu/libtcmalloc.so.4"),
        allocator("mimalloc", "/usr/lib/x86_64-linux-gnu/libmimalloc.so.2"),
        allocator("jemalloc", "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"),
        // Leaks are looked for by a process that strace is kept from seeing (CLONE_UNTRACED): not here.
        Program(
            name: "AddressSanitizer", needs: ["/usr/lib/gcc/x86_64-linux-gnu/12/libasan.so"],
            preparation: write("a.c", threads) + "; cc -fsanitize=address -g -o a a.c",
            script: "ASAN_OPTIONS=detect_leaks=0 exec ./a", least: 2000),
        Program(
            name: "a second libc by dlmopen", preparation: write("a.c", secondLibc) + "; cc -g -o a a.c -ldl",
            script: "exec ./a", least: 300),
        Program(
            name: "functions by every name", preparation: write("a.c", names) + "; cc -g -o a a.c -ldl",
            script: "exec ./a", least: 280),
        raw("PIE", "-O2"),
        raw("at a fixed address", "-O2 -no-pie"),
        raw("with gaps and no room behind its code", "-O2 -DGAPS -Wl,--section-start=.fini=0x1ff4"),
        raw("code and data in one page of the file", "-O2 -Wl,-z,noseparate-code"),
        raw("by one function for all numbers", "-O2 -DCOMPUTED"),
        raw("by one function at a fixed address", "-O1 -no-pie -DCOMPUTED"),
        Program(
            name: "io_uring", needs: ["/usr/include/liburing.h"],
            preparation: write("a.c", rings) + "; cc -o a a.c -luring", script: "exec ./a", least: 200),
        Program(
            name: "Go, by its syscall package: promtool", needs: ["/usr/bin/promtool"],
            preparation: samples + " > samples; promtool tsdb create-blocks-from openmetrics samples blocks",
            script: "promtool tsdb analyze blocks", least: 200),
        Program(
            name: "system calls whose number is moved to the whole register",
            preparation: write("a.c", longMoves) + "; cc -O2 -o a a.c", script: "exec ./a", least: 300),
        Program(
            name: "static-pie, executed by a traced program", needs: ["/usr/bin/gcc"],
            preparation: write("a.c", threads) + "; cc -static-pie -g -o a a.c",
            script: "./a; ls . > listing",
            untraced: 9, least: 10),
    ]

    static func write(_ file: String, _ text: String) -> String {
        "cat > \(file) <<'END'\n\(text)\nEND\n:"
    }

    private static func allocator(_ name: String, _ library: String) -> Program {
        Program(
            name: "\(name), preloaded beside the tracer", needs: [library, "/usr/bin/python3"],
            preparation: write("a.py", allocations),
            script: "LD_PRELOAD=\"$LD_PRELOAD:\(library)\" exec python3 a.py", least: 50)
    }

    private static func raw(_ name: String, _ flags: String) -> Program {
        Program(
            name: "system calls of the program itself, \(name)",
            preparation: write("a.c", ownCalls) + "; cc \(flags) -o a a.c", script: "exec ./a", least: 300)
    }

    static let rings = """
        #include <liburing.h>

        int main(void)
        {
            struct io_uring rings[8];
            for (int round = 0; round < 6; round++) {
                for (int i = 0; i < 8; i++) {
                    if (io_uring_queue_init(8 << i, &rings[i], 0) != 0)
                        return 1;
                    io_uring_ring_dontfork(&rings[i]);
                }
                for (int i = 0; i < 8; i++)
                    io_uring_queue_exit(&rings[i]);
            }
            return 0;
        }
        """

    /// OpenMetrics of two weeks, of which promtool makes a block of files for every two hours.
    private static let samples = """
        (echo '# TYPE a gauge'; for i in $(seq 0 250); do echo "a $i $((1700000000 + i * 3600))"; done; echo '# EOF')
        """

    static let ownCalls = """
        #include <sys/mman.h>
        #include <sys/syscall.h>

        #ifdef COMPUTED /* numbers are the caller's */
        __attribute__((noipa))
        #endif
        static inline long call6(long number, long a, long b, long c, long d, long e)
        {
            register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = 0;
            __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                : "rcx", "r11", "memory");
            return number;
        }

        __attribute__((noinline)) static long map(long size)
        {
            return call6(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
        }

        __attribute__((noinline)) static long cut(long block)
        {
            return call6(SYS_mprotect, block + 4096, 4096, PROT_NONE, 0, 0);
        }

        __attribute__((noinline)) static long unmap(long block)
        {
            return call6(SYS_munmap, block, 16384, 0, 0, 0);
        }

        #ifdef GAPS /* as lld leaves them between functions */
        __asm__(".text\\n.balign 16\\n.rept 8\\nret\\n.fill 15, 1, 0xCC\\n.endr\\n");
        #endif

        int main(void)
        {
            for (int i = 0; i < 100; i++) {
                long block = map(16384);
                if (block < 0 || cut(block) != 0 || unmap(block) != 0)
                    return 1;
            }
            return 0;
        }
        """

    /// As Go's assembler writes `MOVQ $SYS_madvise, AX`.
    private static let longMoves = """
        #define CALL(name, number)                                                                         \\
            long name(long a, long b, long c, long d, long e, long f);                                     \\
            __asm__(".globl " #name "\\n" #name ": mov %rcx, %r10\\n"                                        \\
                    ".byte 0x48, 0xc7, 0xc0\\n.long " #number "\\n" "syscall\\nret\\n")

        CALL(map, 9);
        CALL(cut, 10);
        CALL(unmap, 11);

        int main(void)
        {
            for (int i = 0; i < 100; i++) {
                long block = map(0, 16384, 3, 34, -1, 0);
                if (block < 0 || cut(block + 4096, 4096, 0, 0, 0, 0) || unmap(block, 16384, 0, 0, 0, 0))
                    return 1;
            }
            return 0;
        }
        """

    private static let allocations = """
        import threading
        def work():
            for k in range(10): x = [bytearray(30000 + i) for i in range(300)]
        threads = [threading.Thread(target=work) for _ in range(8)]
        for t in threads: t.start()
        for t in threads: t.join()
        """

    private static let python = """
        import ctypes, decimal, json, mmap, multiprocessing, sqlite3, ssl, threading
        libc = ctypes.CDLL(None)
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p] + [ctypes.c_long] * 5
        for i in range(50):
            block = libc.mmap(None, 8192, 3, 0x22, -1, 0)
            libc.mprotect(ctypes.c_void_p(block), 4096, 1)
            libc.munmap(ctypes.c_void_p(block), 8192)
        libc.syscall(9, 0, 4096, 1, 0x22, -1, 0)
        def work(): x = [bytearray(300000) for _ in range(30)]
        threads = [threading.Thread(target=work) for _ in range(16)]
        for t in threads: t.start()
        for t in threads: t.join()
        """

    private static let java = """
        public class T {
            static void churn() {
                byte[][] kept = new byte[100][];
                for (int i = 0; i < 2000; i++) kept[i % 100] = new byte[10000];
            }
            public static void main(String[] arguments) throws Exception {
                Thread[] threads = new Thread[20];
                for (int i = 0; i < 20; i++) { threads[i] = new Thread(T::churn); threads[i].start(); }
                for (Thread thread : threads) thread.join();
            }
        }
        """

    private static let node = """
        const kept = [];
        for (let i = 0; i < 200000; i++) kept.push({ i });
        const { Worker } = require("worker_threads");
        for (let i = 0; i < 3; i++) new Worker("let s = 0; for (let i = 0; i < 1e6; i++) s += i", { eval: true });
        require("zlib").gzipSync(Buffer.alloc(1e6));
        """

    private static let lua = """
        local kept = {}
        for i = 1, 2000000 do kept[i % 1000] = { i, tostring(i) } end
        for i = 1, 200 do loadstring("local s = 0 for i = 1, 1000 do s = s + i * " .. i .. " end return s")() end
        """

    private static let redis = """
        socket=$PWD/redis
        redis-server --port 0 --unixsocket $socket --save '' --io-threads 2 > /dev/null &
        for i in 1 2 3 4 5 6 7 8 9; do redis-cli -s $socket ping > /dev/null 2>&1 && break; sleep 0.2; done
        redis-benchmark -s $socket -n 3000 -c 20 -q -t set,lpush > /dev/null
        redis-cli -s $socket bgsave > /dev/null
        sleep 0.3
        redis-cli -s $socket shutdown nosave
        wait
        """

    private static let forkingServer = """
        import socket, socketserver, threading
        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                self.rfile.readline()
                blocks = [bytes(200000) for _ in range(20)]
                self.wfile.write(b"x" * 100)
        class Server(socketserver.ForkingMixIn, socketserver.TCPServer): pass
        server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for i in range(12):
            with socket.create_connection(server.server_address) as connection:
                connection.sendall(b"a\\n")
                connection.recv(1000)
        server.shutdown()
        """

    private static let threads = """
        #include <pthread.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/mman.h>

        static void *churn(void *unused)
        {
            for (int i = 1; i < 500; i++) {
                char *block = malloc(100 * i);
                memset(block, 1, 100 * i);
                free(block);
            }
            return unused;
        }

        int main(void)
        {
            pthread_t threads[8];
            for (int i = 0; i < 8; i++)
                pthread_create(&threads[i], 0, churn, 0);
            for (int i = 0; i < 8; i++)
                pthread_join(threads[i], 0);
            for (int i = 0; i < 20; i++)
                munmap(mmap(0, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 8192);
        }
        """

    /// Twelve second libcs in turn, each with malloc and mmap of its own, and one library bound to itself.
    private static let secondLibc = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <stdlib.h>
        #include <sys/mman.h>

        int main(void)
        {
            for (int round = 0; round < 12; round++) {
                void *libc = dlmopen(LM_ID_NEWLM, "libc.so.6", RTLD_NOW);
                if (!libc)
                    return 1;
                void *(*own_malloc)(size_t) = dlsym(libc, "malloc");
                void (*own_free)(void *) = dlsym(libc, "free");
                void *(*own_mmap)(void *, size_t, int, int, int, off_t) = dlsym(libc, "mmap");
                int (*own_munmap)(void *, size_t) = dlsym(libc, "munmap");
                for (int i = 0; i < 10; i++) {
                    own_free(own_malloc(1 << 20));
                    own_munmap(own_mmap(0, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 8192);
                }
                dlclose(libc);
            }
            void *deep = dlopen("libz.so.1", RTLD_NOW | RTLD_DEEPBIND);
            if (deep)
                dlclose(deep);
            return 0;
        }
        """

    /// The same function by the PLT, a pointer, dlsym of the next and of any and syscall(2).
    private static let names = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <sys/mman.h>
        #include <sys/syscall.h>
        #include <unistd.h>

        typedef void *map(void *, size_t, int, int, int, off_t);

        static map *volatile by_pointer = mmap;

        static void *by_number(void *at, size_t size, int rights, int flags, int file, off_t offset)
        {
            return (void *)syscall(SYS_mmap, at, size, rights, flags, file, offset);
        }

        int main(void)
        {
            map *ways[] = {mmap, mmap64, by_pointer, (map *)dlsym(RTLD_NEXT, "mmap"),
                (map *)dlsym(RTLD_DEFAULT, "mmap64"), (map *)dlvsym(RTLD_DEFAULT, "mmap", "GLIBC_2.2.5"), by_number};
            for (int round = 0; round < 20; round++)
                for (int way = 0; way < 7; way++) {
                    void *block = ways[way](0, 4096 << way, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                    if (block == MAP_FAILED || munmap(block, 4096 << way) != 0)
                        return 1;
                }
            return 0;
        }
        """
}
