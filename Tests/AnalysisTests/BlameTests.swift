import Analysis
import Testing

/// Which frame of a backtrace answers for a call.
@Suite struct BlameTests {
    private func blamed(_ frames: (String?, String)...) -> String? {
        let frames = frames.map { SiteFrame(function: $0.0, module: $0.1) }
        return frames.blamed.map { frames[$0].function ?? frames[$0].module }
    }

    @Test func `the C library, the loader and the tracer are not to blame`() {
        #expect(
            blamed(
                ("hook", "libmapfray-preload.so"), ("mmap", "libc.so.6"), ("_dl_map", "ld-linux-x86-64.so.2"),
                ("load_plugins", "server"), ("main", "server")) == "load_plugins")
    }

    @Test(arguments: ["libjemalloc.so.2", "libtcmalloc_minimal.so.4", "libmimalloc.so.2.0"])
    func `an allocator is not, whether its names are known or not`(library: String) {
        #expect(
            blamed((nil, library), ("malloc", library), ("parse", "server"), ("main", "server")) == "parse")
        #expect(blamed((nil, library), (nil, library), ("parse", "server")) == "parse")
    }

    @Test func `nor one that was linked into the program`() {
        #expect(
            blamed(
                ("mmap", "libc.so.6"), ("je_pages_map", "server"), ("je_arena_malloc", "server"),
                ("malloc", "server"),
                ("operator new(unsigned long)", "libstdc++.so.6"), ("parse", "server")) == "parse")
    }

    @Test func `nor what C++, Rust and runtimes bring with them`() {
        #expect(
            blamed(
                ("mmap", "libc.so.6"), ("std::thread::_M_start_thread(std::unique_ptr<x>)", "libstdc++.so.6"),
                ("void std::vector<int>::_M_realloc_insert<int>(int)", "server"), ("start_workers", "server"))
                == "start_workers")
        #expect(blamed(("alloc::raw_vec::finish_grow", "server"), ("load::table", "server")) == "load::table")
        #expect(
            blamed(
                ("os::pd_commit_memory(char*)", "libjvm.so"),
                ("StackOverflow::create_stack_guard_pages()", "libjvm.so"))
                == "StackOverflow::create_stack_guard_pages()")
        #expect(blamed(("os::map()", "server"), ("main", "server")) == "os::map()")
        #expect(
            blamed(("v8::base::OS::Allocate(void*)", "node"), ("v8::internal::SemiSpace::Commit()", "node"))
                == "v8::internal::SemiSpace::Commit()")
    }

    @Test func `nor what lies between Go and the kernel`() {
        #expect(
            blamed(
                ("runtime/internal/syscall.Syscall6", "server"), ("syscall.RawSyscall6", "server"),
                ("syscall.(*mmapper).Mmap", "server"), ("golang.org/x/sys/unix.Mmap", "server"),
                ("github.com/edsrzf/mmap-go.mmap", "server"), ("main.main", "server"))
                == "github.com/edsrzf/mmap-go.mmap")
        #expect(
            blamed(
                ("mmap", "libc.so.6"), ("x_cgo_mmap", "server"), ("runtime.callCgoMmap", "server"),
                ("runtime.mmap.func1", "server"), ("runtime.sysReserve", "server"),
                ("runtime.(*mheap).grow", "server")) == "runtime.(*mheap).grow")
        #expect(blamed(("mmap", "libc.so.6"), ("x_cgo_mmap", "server")) == "x_cgo_mmap")
    }

    @Test func `where nobody is left it is the first outside libc, and in no backtrace nobody`() {
        #expect(blamed(("mmap", "libc.so.6"), ("malloc", "libjemalloc.so.2")) == "malloc")
        #expect(blamed(("mmap", "libc.so.6"), ("start_thread", "libc.so.6")) == "mmap")
        #expect(blamed() == nil)
    }
}
