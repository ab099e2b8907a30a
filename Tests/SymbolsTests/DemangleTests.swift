import Foundation
import Symbols
import Testing

@Suite struct `Demangling` {
    @Test(arguments: [
        (
            "_ZN4pool10accumulateIlLi3EEET_RKSt6vectorIS1_SaIS1_EE",
            "long pool::accumulate<long, 3>(std::vector<long, std::allocator<long> > const&)"
        ),
        ("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad"),
        ("_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar"),
        ("$s4main6mappedySaySiGACF", "main.mapped(Swift.Array<Swift.Int>) -> Swift.Array<Swift.Int>"),
        ("mmap", "mmap"),
        ("_start", "_start"),
        ("i", "i"),
        ("_Z", "_Z"),
        ("", ""),
        ("$s", "$s"),
        ("_ZN broken", "_ZN broken"),
    ])
    func `gives the source's spelling, or the name as it is`(mangled: String, expected: String) {
        #expect(demangle(mangled) == expected)
    }

    @Test func `agrees with c++filt and swift-demangle on every symbol of the runtime libraries`() throws {
        for library in ["libstdc++.so.6", "libswiftCore.so"] {
            let names = try Array(Set(functions(of: loadedLibrary(library), ["-D"]).map(\.name))).prefix(5000)
            #expect(names.count > 1000)
            for (name, expected) in zip(names, try demangledByTools(Array(names))) {
                #expect(demangle(name) == expected)
            }
        }
    }
}

/// The path from which this process loaded a library.
func loadedLibrary(_ name: String) throws -> String {
    let maps = try run(["cat", "/proc/\(getpid())/maps"])
    let line = try #require(maps.split(separator: "\n").first { $0.contains("/" + name) })
    return String(line[try #require(line.firstIndex(of: "/"))...])
}
