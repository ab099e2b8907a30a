extension CoverageTests {
    /// Programs whose system calls are made by libraries that dlopen loads, with numbers that are computed.
    static let loaders = [
        loader("laid out as the linker does", "-O2"),
        loader("code and data in one segment", "-O2 -Wl,-z,noseparate-code"),
        loader("holes between its segments", "-O2 -Wl,-z,max-page-size=0x200000"),
        loader(
            "lld's layout, where no address is its place in the file",
            "-O2 $(command -v ld.lld > /dev/null && echo -fuse-ld=lld)"),
        loader("gold's layout", "-O2 $(command -v ld.gold > /dev/null && echo -fuse-ld=gold)"),
        loader("without optimisation", "-O0"),
        Program(
            name: "io_uring, loaded by dlopen", needs: ["/usr/include/liburing.h"],
            preparation: write("a.c", rings) + "; cc -O2 -shared -fPIC -Dmain=run -o a.so a.c -luring; "
                + write("load.c", loading) + "; cc -o load load.c -ldl",
            script: "./load ./a.so", least: 200),
        Program(
            name: "OpenMP, loaded by dlopen", needs: ["/usr/lib/x86_64-linux-gnu/libgomp.so.1"],
            // Its threads sleep on in its code: where that is unloaded, one of a hundred runs crashes natively.
            preparation: write("a.c", SharedSources.locks)
                + "; cc -O2 -fopenmp -shared -fPIC -Wl,-z,nodelete -o a.so a.c; "
                + write("load.c", loading) + "; cc -o load load.c -ldl",
            script: "./load ./a.so", least: 15),
        Program(
            name: "a Python extension's own calls", needs: ["/usr/bin/python3"],
            preparation: write("a.c", ownCalls) + "; cc -O2 -shared -fPIC -DCOMPUTED -Dmain=run -o a.so a.c",
            script: "/usr/bin/python3 -c 'import ctypes; exit(ctypes.CDLL(\"./a.so\").run())'", least: 300),
        goLoader("Go, loaded by dlopen", ""),
        goLoader("Go without a note of its build, loaded by dlopen", "-ldflags=-buildid="),
    ]

    private static func loader(_ name: String, _ flags: String) -> Program {
        Program(
            name: "a loaded library's own calls, \(name)",
            preparation: write("a.c", ownCalls)
                + "; cc -shared -fPIC \(flags) -DCOMPUTED -Dmain=run -o a.so a.c; "
                + write("load.c", loading) + "; cc -o load load.c -ldl",
            script: "./load ./a.so", least: 600)
    }

    private static func goLoader(_ name: String, _ flags: String) -> Program {
        Program(
            name: name, needs: ["/usr/bin/go"],
            preparation: write("a.go", goroutines) + "; go build -buildmode=c-shared \(flags) -o a.so a.go; "
                + write("load.c", loading) + "; cc -o load load.c -ldl",
            script: "./load ./a.so", least: 2000)
    }

    /// Twice: the second time the library may lie elsewhere.
    private static let loading = """
        #include <dlfcn.h>

        int main(int count, char **arguments)
        {
            for (int i = 0; i < 2; i++) {
                void *library = dlopen(arguments[count - 1], RTLD_NOW);
                int (*run)(void) = library ? (int (*)(void))dlsym(library, "run") : 0;
                if (!run || run() != 0)
                    return 1;
                dlclose(library);
            }
            return 0;
        }
        """

    /// From goroutines' small stacks, and by the C function that calls them.
    private static let goroutines = """
        package main

        import "C"
        import (
        \t"os"
        \t"sync"
        \t"syscall"
        )

        \(SharedSources.deeper)

        //export run
        func run() C.int {
        \tfile, _ := os.CreateTemp(".", "pages")
        \tfile.Truncate(64 << 20)
        \tvar all sync.WaitGroup
        \tfor i := 0; i < 8; i++ {
        \t\tall.Add(1)
        \t\tgo func(first int) {
        \t\t\tdefer all.Done()
        \t\t\tfor i := 0; i < 100; i++ {
        \t\t\t\tdeeper(file, i, first*100+i)
        \t\t\t}
        \t\t}(i)
        \t}
        \tall.Wait()
        \treturn 0
        }

        func main() {}
        """
}
