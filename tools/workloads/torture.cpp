/*
 * Everything that a tracer can be caught out by, at once, for a number of seconds.
 *
 * torture SECONDS LIBRARY: threads that allocate, load and unload LIBRARY, fork, spawn, start and cancel threads, throw
 * exceptions, take timer signals whose handler maps memory on an alternate stack, and run coroutines on stacks of
 * 16 KiB. Every job checks its own results; one line per job says "ok", whatever it managed to do in the time. The
 * exit status is the number of jobs that saw something wrong.
 */
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <pthread.h>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#include <vector>

extern char **environ;

namespace {

constexpr size_t page = 4096;

std::atomic<bool> stop{false};
std::atomic<long> signals{0};
std::atomic<bool> handler_failed{false};
const char *library;

struct Random {
    unsigned state;
    unsigned next(unsigned below)
    {
        state = state * 1664525u + 1013904223u;
        return (state >> 8) % below;
    }
};

// Maps, cuts, writes and unmaps; false if the memory was not what it must be.
bool use_map(size_t pages)
{
    char *block = static_cast<char *>(
        mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (block == MAP_FAILED || mprotect(block + page, page, PROT_NONE) != 0)
        return false;
    block[0] = 1;
    block[2 * page] = 2;
    errno = 77;
    bool is_good = block[0] == 1 && block[2 * page] == 2 && munmap(block, pages * page) == 0;
    return is_good && errno == 77;
}

void on_timer(int)
{
    int before = errno;
    signals++;
    if (!use_map(3))
        handler_failed = true;
    errno = before;
}

bool churn(Random &random)
{
    std::vector<char *> blocks;
    for (int i = 0; i < 60; i++) {
        size_t size = random.next(3) ? random.next(2000) + 1 : 100000 + random.next(400000);
        char *block = static_cast<char *>(malloc(size));
        if (!block)
            return false;
        memset(block, i, size);
        blocks.push_back(block);
        if (random.next(2)) {
            size_t place = random.next(static_cast<unsigned>(blocks.size()));
            free(blocks[place]);
            blocks[place] = blocks.back();
            blocks.pop_back();
        }
    }
    for (char *block : blocks)
        free(block);
    return true;
}

bool load(Random &)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return false;
    auto map_and_throw = reinterpret_cast<int (*)(int)>(dlsym(handle, "map_and_throw"));
    bool is_good = map_and_throw && map_and_throw(20) == 21;
    return dlclose(handle) == 0 && is_good;
}

bool await(pid_t child, int wanted)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == wanted;
}

bool fork_child(Random &random)
{
    unsigned way = random.next(3);
    pid_t child = fork();
    if (child == 0) {
        struct itimerval none = {};
        setitimer(ITIMER_REAL, &none, nullptr);
        // Only what is allowed in a child of a process with threads; malloc is, in glibc.
        char *block = static_cast<char *>(malloc(300000));
        memset(block, 1, 300000);
        free(block);
        bool is_good = use_map(4);
        pid_t grandchild = way == 0 ? fork() : -1;
        if (grandchild == 0)
            _exit(use_map(3) ? 4 : 1);
        if (grandchild > 0 && !await(grandchild, 4))
            is_good = false;
        if (way == 1)
            execl("/bin/true", "true", nullptr);
        _exit(is_good ? (way == 1 ? 9 : 3) : 1);
    }
    return child > 0 && await(child, way == 1 ? 0 : 3);
}

bool spawn(Random &random)
{
    char name[] = "false";
    char *arguments[] = {name, nullptr};
    if (random.next(2)) {
        pid_t child = vfork();
        if (child == 0) {
            execve("/bin/false", arguments, environ);
            _exit(9);
        }
        return child > 0 && await(child, 1);
    }
    pid_t child;
    return posix_spawn(&child, "/bin/false", nullptr, nullptr, arguments, environ) == 0 && await(child, 1);
}

void *short_life(void *)
{
    static thread_local std::string mine = "a string too long for the place inside the object itself";
    bool is_good = use_map(3) && mine.size() > 20;
    return is_good ? &stop : nullptr;
}

void *until_cancelled(void *)
{
    for (;;) {
        use_map(3);
        pthread_testcancel();
    }
}

bool thread_life(Random &random)
{
    pthread_t thread;
    void *result;
    bool cancels = random.next(2);
    if (pthread_create(&thread, nullptr, cancels ? until_cancelled : short_life, nullptr) != 0)
        return false;
    if (cancels && pthread_cancel(thread) != 0)
        return false;
    return pthread_join(thread, &result) == 0 && result == (cancels ? PTHREAD_CANCELED : static_cast<void *>(&stop));
}

__attribute__((noinline)) int dive(int depth)
{
    std::string weight(40, 'x');
    if (depth == 0)
        throw std::runtime_error(use_map(3) ? "good" : "bad");
    return dive(depth - 1) + static_cast<int>(weight.size());
}

bool throws(Random &random)
{
    try {
        dive(static_cast<int>(random.next(30)));
    } catch (const std::runtime_error &error) {
        return use_map(3) && std::string(error.what()) == "good";
    }
    return false;
}

constexpr size_t coroutine_stack = 16 * 1024;

struct Coroutine {
    ucontext_t inside, outside;
    bool is_good = false;
};

void run_coroutine(unsigned high, unsigned low)
{
    auto *self = reinterpret_cast<Coroutine *>(static_cast<uintptr_t>(high) << 32 | low);
    bool first = use_map(3);
    swapcontext(&self->inside, &self->outside);
    self->is_good = first && use_map(5);
}

bool coroutine(Random &)
{
    // Below the stack a page that nobody may touch.
    char *block = static_cast<char *>(mmap(nullptr, page + coroutine_stack, PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0));
    if (block == MAP_FAILED || mprotect(block, page, PROT_NONE) != 0)
        return false;
    Coroutine self;
    auto place = reinterpret_cast<uintptr_t>(&self);
    getcontext(&self.inside);
    self.inside.uc_stack.ss_sp = block + page;
    self.inside.uc_stack.ss_size = coroutine_stack;
    self.inside.uc_link = &self.outside;
    // A handler would need more than is left of so small a stack.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    sigfillset(&self.inside.uc_sigmask);
    makecontext(&self.inside, reinterpret_cast<void (*)()>(run_coroutine), 2, static_cast<unsigned>(place >> 32),
                static_cast<unsigned>(place));
    swapcontext(&self.outside, &self.inside);
    swapcontext(&self.outside, &self.inside);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return munmap(block, page + coroutine_stack) == 0 && self.is_good;
}

struct Job {
    const char *name;
    bool (*once)(Random &);
    bool is_good = true;
    pthread_t thread{};
};

void *work(void *argument)
{
    auto *job = static_cast<Job *>(argument);
    static thread_local char handlers[64 * 1024];
    stack_t stack{};
    stack.ss_sp = handlers;
    stack.ss_size = sizeof handlers;
    sigaltstack(&stack, nullptr);
    Random random{static_cast<unsigned>(job->name[0]) * 7919u};
    while (!stop && job->is_good)
        job->is_good = job->once(random);
    return nullptr;
}

void start_timer()
{
    struct sigaction action{};
    action.sa_handler = on_timer;
    action.sa_flags = SA_ONSTACK | SA_RESTART;
    sigaction(SIGALRM, &action, nullptr);
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr);
    struct itimerval every{{0, 3000}, {0, 3000}};
    setitimer(ITIMER_REAL, &every, nullptr);
}

} // namespace

int main(int count, char **arguments)
{
    if (count != 3)
        return 64;
    library = arguments[2];
    Job jobs[] = {{"churn", churn}, {"churn again", churn}, {"load", load},
                  {"fork", fork_child}, {"spawn", spawn}, {"threads", thread_life},
                  {"exceptions", throws}, {"coroutines", coroutine}};
    start_timer();
    for (Job &job : jobs)
        if (pthread_create(&job.thread, nullptr, work, &job) != 0)
            return 65;
    timespec now, end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += atoi(arguments[1]);
    do {
        usleep(20000);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec < end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
    stop = true;
    int wrong = handler_failed || signals == 0;
    printf("timer %s\n", wrong ? "WRONG" : "ok");
    for (Job &job : jobs) {
        pthread_join(job.thread, nullptr);
        printf("%s %s\n", job.name, job.is_good ? "ok" : "WRONG");
        wrong += !job.is_good;
    }
    return wrong;
}
