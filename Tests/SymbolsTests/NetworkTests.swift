import Glibc
import Symbols
import Testing

@Suite(.serialized) struct `Debug files from the network` {
    @Test func `are asked for only if that was allowed`() async throws {
        let server = try Server()
        let library = try SplitLibrary()
        setenv("DEBUGINFOD_URLS", "http://127.0.0.1:\(server.port)", 1)
        setenv("DEBUGINFOD_CACHE_PATH", library.workshop.file("cache"), 1)
        setenv("DEBUGINFOD_TIMEOUT", "1", 1)
        setenv("DEBUGINFOD_RETRY_LIMIT", "1", 1)
        defer { unsetenv("DEBUGINFOD_URLS") }
        // libdw looks at the variable when it is loaded: only a new process sees it.
        let path = library.stripped
        await #expect(processExitsWith: .success) { [path = path as String] in
            resolve(path, usesDebuginfod: false)
        }
        #expect(!server.wasAsked)
        guard dlopen("libdebuginfod.so.1", RTLD_LAZY) != nil else {
            return print("not tested: libdebuginfod is not installed")
        }
        await #expect(processExitsWith: .success) { [path = path as String] in
            resolve(path, usesDebuginfod: true)
        }
        #expect(server.wasAsked)
    }
}

private func resolve(_ path: String, usesDebuginfod: Bool) {
    var options = SymbolizerOptions()
    options.usesDebuginfod = usesDebuginfod
    let answer = Symbolizer(options: options).frames(
        for: SymbolRequest(modulePath: path, fileAddress: 0x1000))
    precondition(answer.problem == nil)
}

/// Listens on a port of the loopback device and never answers.
private final class Server {
    private let socket: CInt
    let port: UInt16

    init() throws {
        socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { [socket] pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, size) == 0 && listen(socket, 8) == 0 && getsockname(socket, $0, &size) == 0
            }
        }
        guard isBound else { throw ToolFailure(command: "bind", output: String(cString: strerror(errno))) }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(socket) }

    /// Whether anybody has connected since the last question.
    var wasAsked: Bool {
        let connection = accept(socket, nil, nil)
        if connection >= 0 { close(connection) }
        return connection >= 0
    }
}
