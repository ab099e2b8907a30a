import Foundation
import Testing

@Suite struct RecordTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func `standard streams and the exit status are the command's own`() throws {
        let result = try mapfray(
            "record", "--quiet", "-o", scratch.file("log"), "--", "sh", "-c", "cat; echo err >&2; exit 7",
            input: "in\n")
        #expect(result.text == "in\n")
        #expect(result.errors == "err\n")
        #expect(result.status == 7)
        #expect(try scratch.contents("log").allSatisfy { $0.hasSuffix(".mapfray") })
    }

    @Test func `a signal gives 128 and its number`() throws {
        let result = try mapfray("record", "--quiet", "-o", scratch.file("log"), "sh", "-c", "kill -9 $$")
        #expect(result.status == 137)
    }

    @Test func `the report goes to standard error, and --quiet keeps it away`() throws {
        let loud = try mapfray("record", "-o", scratch.file("a"), "true")
        #expect(loud.text.isEmpty)
        #expect(loud.errors.contains("VMAs: first"))
        #expect(loud.errors.contains("next: mapfray sites \(scratch.file("a"))"))
        let quiet = try mapfray("record", "--quiet", "-o", scratch.file("b"), "true")
        #expect(quiet.errors.isEmpty)
    }

    @Test func `the exit status is in the report`() throws {
        _ = try mapfray("record", "--quiet", "-o", scratch.file("log"), "sh", "-c", "exit 3")
        let process = try mapfray("report", scratch.file("log"), "--json").object["process"] as? [String: Any]
        #expect(process?["exit_status"] as? Int == 3)
        #expect(process?["signal"] is NSNull)
        _ = try mapfray("record", "--quiet", "-o", scratch.file("killed"), "sh", "-c", "kill -9 $$")
        let killed =
            try mapfray("report", scratch.file("killed"), "--json").object["process"] as? [String: Any]
        #expect(killed?["signal"] as? Int == 9)
        #expect(killed?["exit_status"] is NSNull)
    }

    @Test(arguments: [("TERM", SIGTERM), ("HUP", SIGHUP), ("USR1", SIGUSR1), ("USR2", SIGUSR2)])
    func `a signal that is meant for the command is passed on`(name: String, number: Int32) throws {
        let result = try mapfray(
            "record", "--quiet", "-o", scratch.file("log"), "sh", "-c",
            "trap 'echo it; exit 3' \(name); echo ready > \(scratch.file("ready")); while :; do sleep 0.05; done"
        ) { process in
            while !FileManager.default.fileExists(atPath: scratch.file("ready")) { usleep(10_000) }
            kill(process.processIdentifier, number)
        }
        #expect(result.text == "it\n")
        #expect(result.status == 3)
    }

    /// Counts a signal, and says how often it came within a fifth of a second.
    private static let counting = """
        #include <fcntl.h>
        #include <signal.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <unistd.h>
        static volatile int count;
        static void note(int signal) { count += signal != 0; }
        int main(int arguments, char **argument)
        {
            sigset_t all;
            sigfillset(&all);
            sigprocmask(SIG_UNBLOCK, &all, 0);
            signal(atoi(argument[1]), note);
            close(open(argument[2], O_CREAT | O_WRONLY, 0600));
            for (int i = 0; i < 1000 && !count; i++)
                usleep(10000);
            usleep(200000);
            printf("%d\\n", count);
            return 0;
        }
        """

    /// `docker stop` sends them, where the image says so; whoever started the tests may have them ignored or blocked.
    @Test(arguments: [SIGINT, SIGQUIT, SIGTERM])
    func `what is sent to mapfray alone reaches the command once`(number: Int32) throws {
        let program = try scratch.compile("counting", Self.counting)
        let ready = scratch.file("ready")
        let result = try mapfray(
            "record", "--quiet", "-o", scratch.file("log"), program, "\(number)", ready
        ) { process in
            while !FileManager.default.fileExists(atPath: ready) { usleep(10_000) }
            kill(process.processIdentifier, number)
        }
        #expect(result.text == "1\n")
        #expect(result.status == 0)
    }

    /// glibc's posix_spawn has its own two signals ignored in what it starts, the native program here among it.
    @Test func `no signal is ignored that was not before`() throws {
        func ignored(_ command: [String]) throws -> UInt64 {
            let line = try run(command[0], Array(command.dropFirst())).lines.first { $0.hasPrefix("SigIgn:") }
            return try #require(line.flatMap { UInt64($0.dropFirst(7).trimmingPrefix("\t"), radix: 16) })
        }
        let command = ["/bin/cat", "/proc/self/status"]
        let native = try ignored(command)
        let recorded = try ignored(
            [mapfrayPath(), "record", "--quiet", "-o", scratch.file("log")] + command)
        #expect(recorded == native & ~0x1_8000_0000)
    }

    @Test func `bytes that are no UTF-8 reach the command`() throws {
        let result = try run(
            "/bin/sh",
            [
                "-c",
                "V=$(printf 'v\\377') exec \"$0\" record --quiet -o \"$1\" sh -c 'printf %s \"$1$V\"' x \"$(printf 'a\\377')\"",
                mapfrayPath(), scratch.file("log"),
            ])
        #expect(Array(result.output) == [0x61, 0xFF, 0x76, 0xFF])
    }

    @Test func `what is preloaded already stays, behind the tracer`() throws {
        let result = try mapfray(
            "record", "--quiet", "-o", scratch.file("log"), "sh", "-c", "echo $LD_PRELOAD",
            environment: ["LD_PRELOAD": "libdl.so.2"])
        #expect(result.text.hasSuffix("/libmapfray-preload.so:libdl.so.2\n"))
    }

    // MARK: The folder

    @Test func `the default folder takes the next free name and says so`() throws {
        _ = try mapfray("record", "--quiet", "true", in: scratch.path)
        let second = try mapfray("record", "--quiet", "true", in: scratch.path)
        #expect(second.errors == "mapfray: recording to mapfray.data.2, because mapfray.data exists\n")
        #expect(try scratch.contents("mapfray.data.2").isEmpty == false)
    }

    @Test func `a folder is made with its parents, for its owner alone`() throws {
        _ = try mapfray("record", "--quiet", "-o", "a/b/c", "true", in: scratch.path)
        let mode =
            try FileManager.default.attributesOfItem(atPath: scratch.file("a/b/c"))[.posixPermissions] as? Int
        #expect(mode == 0o700)
    }

    @Test func `a folder that holds a recording is refused before anything runs`() throws {
        _ = try mapfray("record", "--quiet", "-o", scratch.file("log"), "true")
        let result = try mapfray("record", "-o", scratch.file("log"), "echo", "ran")
        #expect(result.text.isEmpty)
        #expect(
            result.errors.contains("holds a recording already; name another folder with -o, or remove it"))
        #expect(result.status == 1)
    }

    @Test(arguments: ["/proc/mapfray", "/dev/null", "/dev/null/x"])
    func `a folder that cannot be written is refused before anything runs`(folder: String) throws {
        let result = try mapfray("record", "-o", folder, "echo", "ran")
        #expect(result.text.isEmpty)
        #expect(result.errors.hasPrefix("mapfray: nothing was run: cannot record to \(folder) ("))
        #expect(result.status == 1)
    }

    // MARK: What cannot be run or traced

    private func expectRefusal(_ command: String..., status: Int32, _ words: String) throws {
        let result = try run(mapfrayPath(), ["record"] + command, in: scratch.path)
        #expect(result.text.isEmpty)
        #expect(result.errors.hasPrefix("mapfray: nothing was run: "))
        #expect(result.errors.contains(words), "\(result.errors)")
        #expect(result.errors.split(separator: "\n").count == 1)
        #expect(result.status == status)
        #expect(!FileManager.default.fileExists(atPath: scratch.file("mapfray.data")))
    }

    @Test func `a missing program`() throws {
        try expectRefusal(
            "no-such-program", status: 127, "there is no no-such-program in PATH; check the name")
        try expectRefusal("./no-such-program", status: 127, "there is no file ./no-such-program")
    }

    @Test func `a program that may not be executed`() throws {
        try scratch.write("plain", "echo hello")
        try expectRefusal("./plain", status: 126, "make it executable with: chmod +x ./plain")
        try expectRefusal(scratch.path, status: 126, "Is a directory")
        try scratch.write("cut", bytes: try elf().prefix(100), mode: 0o755)
        try expectRefusal("./cut", status: 126, "Exec format error")
    }

    @Test func `a static program, alone and behind scripts`() throws {
        _ = try scratch.compile("fixed", "int main(void) { return 0; }", ["-static"])
        try scratch.write("script", "#!\(scratch.file("fixed"))\n", mode: 0o755)
        try scratch.write("env", "#!/usr/bin/env ./fixed\n", mode: 0o755)
        for command in ["./fixed", "./script", "./env"] {
            try expectRefusal(
                command, status: 1,
                "fixed is linked statically, so no library can be preloaded into it; link it")
        }
    }

    @Test func `the loader of another libc, run as a command`() throws {
        _ = try scratch.compile("ld-other.so.1", "int main(void) { return 0; }", ["-static"])
        try expectRefusal(
            "./ld-other.so.1", "./program", status: 1,
            "is the loader of another libc, and the tracer library needs glibc's ld-linux-x86-64.so.2; use a build"
        )
    }

    @Test func `a loader that is asked for a list`() throws {
        try expectRefusal(
            "/lib64/ld-linux-x86-64.so.2", "--list", "/bin/true", status: 1,
            "lists what a program would load, and runs nothing; ask it without mapfray")
    }

    @Test func `a static Go program is told how it is linked otherwise`() throws {
        let note = ".section .note.go.buildid, \"a\", @note\n.long 4, 4, 4\n.asciz \"Go\"\n.byte 0\n.long 0\n"
        try scratch.write("note.s", note + ".section .note.GNU-stack, \"\", @progbits\n")
        _ = try scratch.compile("goes", "int main(void) { return 0; }", ["-static", scratch.file("note.s")])
        try expectRefusal(
            "./goes", status: 1, "build it with go build -ldflags='-linkmode external', or see its calls")
    }

    @Test func `a script whose interpreter is missing`() throws {
        try scratch.write("script", "#!/no/such/interpreter\n", mode: 0o755)
        try expectRefusal("./script", status: 127, "asks for the interpreter /no/such/interpreter")
        try scratch.write("env", "#!/usr/bin/env no-such-interpreter\n", mode: 0o755)
        try expectRefusal("./env", status: 127, "there is no no-such-interpreter in PATH")
    }

    @Test func `a program of another machine`() throws {
        var bytes = try elf()
        bytes[18] = 40  // e_machine: ARM
        try scratch.write("arm", bytes: bytes, mode: 0o755)
        try expectRefusal("./arm", status: 1, "is a program for ARM, and this mapfray is built for")
    }

    @Test func `a setuid program`() throws {
        let path = try setuidProgram()
        try expectRefusal(path, status: 1, "is setuid, and then the loader ignores LD_PRELOAD; run a copy")
    }

    /// Root can make one for somebody else; everybody else finds one of root's.
    private func setuidProgram() throws -> String {
        guard getuid() == 0 else { return "/usr/bin/passwd" }
        try scratch.write("setuid", bytes: try elf(), mode: 0o755)
        guard chown(scratch.file("setuid"), 65534, 65534) == 0, chmod(scratch.file("setuid"), 0o4755) == 0
        else {
            throw Unexpected("cannot make a setuid program")
        }
        return "./setuid"
    }

    private func elf() throws -> Data { try Data(contentsOf: URL(fileURLWithPath: "/bin/true")) }

    @Test func `a script without a first line runs as in a shell`() throws {
        try scratch.write("plain", "echo \"$0 $1\"", mode: 0o755)
        let result = try mapfray("record", "--quiet", "./plain", "a b", in: scratch.path)
        #expect(result.text == "./plain a b\n")
        #expect(result.status == 0)
    }

    @Test func `paths that are no UTF-8 are refused in a sentence`() throws {
        let script =
            "mkdir \"$(printf 'f\\377')\" && cd \"$(printf 'f\\377')\" && \"$0\" record true; \"$0\" record \"./$(printf 'p\\377')\""
        let result = try run("/bin/sh", ["-c", script, mapfrayPath()], in: scratch.path)
        let lines = result.errors.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.contains("the path of the working folder is not UTF-8") == true)
        #expect(lines.last?.contains("the name of the program is not UTF-8") == true)
    }

    @Test func `a right that chmod does not give is not blamed on it`() throws {
        try #require(mkfifo(scratch.file("fifo"), 0o644) == 0)
        try expectRefusal("./fifo", status: 126, "it is no regular file")
    }

    @Test func `a flight recorder larger than the disk is refused`() throws {
        let result = try mapfray("record", "--flight-recorder", "9999999G", "true", in: scratch.path)
        #expect(result.errors.hasPrefix("mapfray: nothing was run: a flight recorder of "))
        #expect(result.status == 1)
        #expect(try scratch.contents(".").isEmpty)
    }

    /// Foundation waits for the process too, because it inherits a descriptor: the words show that mapfray did not.
    @Test func `a process that outlives the command is told of, and not waited for`() throws {
        let result = try mapfray(
            "record", "-o", scratch.file("log"), "sh", "-c", "sleep 9 >/dev/null 2>&1 & echo $!")
        let child = result.text.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(result.errors.contains("mapfray: process \(child) is still running and recorded"))
    }

    @Test func `a command killed before the tracer starts is not blamed on the disk`() throws {
        // Its segments lie behind the end of the file: execve kills it.
        try scratch.write("cut", bytes: try elf().prefix(3000), mode: 0o755)
        let result = try mapfray("record", "-o", scratch.file("log"), "./cut", in: scratch.path)
        #expect(result.errors.contains("killed the command before the tracer could start"))
        #expect(result.status > 128)
    }

    // MARK: The command line

    @Test(arguments: [
        [], ["--"], ["--no-such-option", "true"], ["-o"], ["--flight-recorder", "0", "true"],
        ["--flight-recorder", "many", "true"], ["-o", "", "true"],
    ])
    func `wrong usage gives 64`(arguments: [String]) throws {
        let result = try run(mapfrayPath(), ["record"] + arguments, in: scratch.path)
        #expect(result.status == 64)
        #expect(result.errors.contains("mapfray record --help"))
        #expect(try scratch.contents(".").isEmpty)
    }

    @Test func `options behind the command are the command's`() throws {
        let plain = try mapfray(
            "record", "--quiet", "-o", scratch.file("a"), "echo", "-o", "--help", "--", "x")
        #expect(plain.text == "-o --help -- x\n")
        let dashes = try mapfray("record", "--quiet", "-o", scratch.file("b"), "--", "echo", "--quiet")
        #expect(dashes.text == "--quiet\n")
    }

    @Test func `help shows commands to copy`() throws {
        let help = try mapfray("record", "--help")
        #expect(help.status == 0)
        #expect(help.text.contains("mapfray record -o /tmp/log -- python3 train.py"))
    }
}
