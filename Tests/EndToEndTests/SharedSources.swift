/// Sources that several tests compile.
enum SharedSources {
    /// OpenMP's threads, which wait in the kernel by numbers that are kept in registers.
    static let locks = """
        #include <omp.h>

        int run(void)
        {
            static int sum;
            omp_nest_lock_t lock;
            omp_init_nest_lock(&lock);
            #pragma omp parallel num_threads(4)
            for (int i = 0; i < 2000; i++) {
                omp_set_nest_lock(&lock);
                sum++;
                omp_unset_nest_lock(&lock);
                #pragma omp barrier
            }
            return sum % 8000;
        }
        """

    /// Go: maps a page of a file from `depth` frames below, of which every other one is given back.
    static let deeper = """
        //go:noinline
        func deeper(file *os.File, depth int, page int) byte {
        \tvar room [100]byte
        \tif depth > 0 {
        \t\treturn deeper(file, depth-1, page) + room[depth%100]
        \t}
        \tblock, err := syscall.Mmap(int(file.Fd()), int64(page)*8192, 4096, syscall.PROT_READ, syscall.MAP_SHARED)
        \tif err != nil {
        \t\tpanic(err)
        \t}
        \tif page%2 == 0 {
        \t\tsyscall.Munmap(block)
        \t}
        \treturn room[0]
        }
        """
}
