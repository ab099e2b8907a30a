/* What torture loads and unloads: it maps memory and throws through its own frames. */
#include <stdexcept>
#include <sys/mman.h>

static int fail(int value)
{
    void *block = mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED || munmap(block, 8192) != 0)
        return 0;
    throw std::invalid_argument("for the catch below");
    return value;
}

extern "C" int map_and_throw(int value)
{
    try {
        return fail(value);
    } catch (const std::invalid_argument &) {
        return value + 1;
    }
}
