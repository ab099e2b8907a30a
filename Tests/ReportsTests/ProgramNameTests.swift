import Reports
import Testing

@Suite struct ProgramNameTests {
    @Test(arguments: [
        (["/usr/bin/python3", "-c", "pass"], "python3"),
        (["-bash"], "-bash"),
        (["/opt/My Program/bin/run"], "run"),
        (
            ["/usr/lib/chromium/chromium --type=renderer --user-data-dir=/tmp/scoped_dir --lang=en"],
            "chromium"
        ),
        (["nginx: master process /usr/sbin/nginx -g"], "nginx"),
        (["sshd: root@pts/0"], "sshd"),
    ])
    func `what a process wrote over its arguments is not taken for its name`(command: [String], name: String)
    {
        #expect(ProgramName.short(command) == name)
    }

    @Test func `there may be none`() {
        #expect(ProgramName.short([]) == nil)
        #expect(ProgramName.short([""]) == nil)
        #expect(ProgramName.short(["/"]) == nil)
    }
}
