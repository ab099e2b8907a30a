"""Random calls of several threads at once, recorded, and at each barrier the rebuilt map beside the kernel's."""
import argparse, os, shutil, subprocess, sys, tempfile, time

top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
mapfray = os.environ.get("MAPFRAY", os.path.join(top, ".build/release/mapfray"))
CALLS_AT_ONCE = 12_000  # of a recording
AT_LIMIT = 25  # every so many recordings one runs into vm.max_map_count


def comparable(lines):
    """Range, rights, offset, device and inode; of [stack], which page faults grow, the end."""
    found = []
    for line in lines:
        fields = line.split()
        if len(fields) < 5 or line.endswith("[vsyscall]"):
            continue
        found.append(("stack", fields[0].split("-")[1]) if line.endswith("[stack]") else tuple(fields[:5]))
    return found


def told(text):
    """What the program told: for each instant the process, the time and the map."""
    for block in text.split("\n\n"):
        head, *lines = block.strip("\n").split("\n")
        if lines:
            yield (*head.split(), comparable(lines))


def could_not_begin(log, process):
    """Whether the process has no log: at the limit a forked child may find no room for one, which its parent's tells."""
    if any(name.startswith(process + ".") for name in os.listdir(log)):
        return False
    said = subprocess.run([mapfray, "verify", log], capture_output=True, text=True).stdout
    return "could not begin a log" in said


def difference(log, process, instant, kernel):
    """The lines in which the rebuilt map differs from the kernel's; none if they are equal."""
    command = [mapfray, "maps", log, "--pid", process, "--at", "@" + instant, "--all"]
    done = subprocess.run(command, capture_output=True, text=True)
    model = comparable(done.stdout.splitlines())
    if model == kernel:
        return []
    in_model, in_kernel = set(model), set(kernel)
    lines = ["kernel " + " ".join(line) for line in kernel if line not in in_model]
    return lines + ["model  " + " ".join(line) for line in model if line not in in_kernel] + [done.stderr.strip()]


class Fuzzer:
    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        self.program, self.file, self.told = (folder + name for name in ("/threads-random", "/file", "/told"))
        source = f"{top}/tools/workloads/threads-random.c"
        subprocess.run(["cc", "-O1", "-g", "-pthread", "-o", self.program, source], check=True)
        with open(self.file, "wb") as file:
            file.truncate(4 << 20)

    def arguments(self, seed):
        """The program's: at the limit few barriers, for each tells of every VMA."""
        is_at_limit = seed % AT_LIMIT == AT_LIMIT - 1
        threads = self.options.threads
        rounds = 4 if is_at_limit else 20
        calls = max(1, CALLS_AT_ONCE // (rounds * threads))
        filler = int(open("/proc/sys/vm/max_map_count").read()) - 250 if is_at_limit else 0
        way = "together" if self.options.together else "apart"
        return [str(n) for n in (seed, threads, rounds, calls, self.file, way, filler)], rounds * calls * threads

    def play(self, seed):
        """How many calls and instants there were, and the first difference."""
        log = self.folder + "/log"
        shutil.rmtree(log, ignore_errors=True)
        arguments, calls = self.arguments(seed)
        command = [mapfray, "record", "--quiet", "-o", log, "--", self.program, *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            return calls, 0, [f"the program ended with {done.returncode}: {done.stderr.strip()}"]
        instants = 0
        with open(self.told, "w") as file:
            file.write(done.stdout)
        for process, instant, kernel in told(done.stdout):
            if could_not_begin(log, process):
                continue
            instants += 1
            lines = difference(log, process, instant, kernel)
            if lines:
                return calls, instants, [f"process {process} at @{instant}, told as number {instants}"] + lines[:20]
        return calls, instants, []


def run(arguments):
    parser = argparse.ArgumentParser(prog="tools/fuzz threads")
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--together", action="store_true")
    options = parser.parse_args(arguments)
    begin, calls, instants, seed = time.monotonic(), 0, 0, options.seed
    with tempfile.TemporaryDirectory(prefix="fuzz-threads-") as folder:
        fuzzer = Fuzzer(folder, options)
        while calls < options.calls and time.monotonic() - begin < options.seconds:
            made, compared, lines = fuzzer.play(seed)
            calls, instants = calls + made, instants + compared
            if lines:
                kept = tempfile.mkdtemp(prefix=f"fuzz-threads-{seed}-")
                for name in ("/log", "/told"):  # when the threads ran no seed tells
                    if os.path.exists(folder + name):
                        shutil.move(folder + name, kept)
                print("\n  ".join([f"seed {seed}: the maps differ; {kept} has the log and what the kernel told"] + lines))
                sys.exit(1)
            seed += 1
    print(f"seeds {options.seed} to {seed - 1}: {calls} calls of {options.threads} threads, {instants} instants, "
          f"no difference, {time.monotonic() - begin:.0f} s")
