// swift-tools-version: 6.2
import PackageDescription

// A sanitizer's symbols come from the program, not from the library's own link.
let sanitized = Context.environment["MAPFRAY_SANITIZE"] != nil
let tracerFlags = [
    // Zeros lie in the file too: the library has no anonymous pages that could merge with the program's.
    "-fno-zero-initialized-in-bss",
    // The code interrupted at a system call may hold values in vector registers: leave them alone.
    "-mgeneral-regs-only", "-fno-builtin-strlen", "-std=gnu11", "-O2", "-fvisibility=hidden",
    "-ftls-model=initial-exec",
    "-fno-stack-protector",
    // Large tables stay out of the program's RLIMIT_DATA.
    "-DMF_MAPPED_TABLES",
    // What valgrind of the distributions that are out there reads: of DWARF 5 it says that it is damaged, and ends.
    "-gdwarf-4",
    "-Wall", "-Wextra", "-Werror",
]
let tracerLinkFlags =
    (sanitized ? [] : ["-z", "defs"])
    + [
        "-z", "now", "-z", "initfirst",
        "--version-script=\(Context.packageDirectory)/preload/tracer/exports.map",
    ]

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "mapfray",
    products: [
        .executable(name: "mapfray", targets: ["mapfray"]),
        .library(name: "mapfray-preload", type: .dynamic, targets: ["Preload"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        // The log format: one C header.
        .target(name: "TraceFormat"),

        // What lives inside the traced process.
        .target(name: "Sandbox", path: "preload/sandbox", cSettings: [.unsafeFlags(tracerFlags)]),
        .target(
            name: "TraceRing", dependencies: ["TraceFormat", "Sandbox"], path: "preload/ring",
            cSettings: [.unsafeFlags(tracerFlags)]),
        .target(name: "Unwind", path: "preload/unwind", cSettings: [.unsafeFlags(tracerFlags)]),
        .target(
            name: "Preload", dependencies: ["TraceFormat", "TraceRing", "Sandbox", "Unwind"],
            path: "preload/tracer",
            exclude: ["exports.map"],
            cSettings: [.unsafeFlags(tracerFlags)],
            linkerSettings: [
                // The product holds no Swift: Embedded mode keeps swiftrt.o and libswiftCore out of the link.
                .unsafeFlags(["-enable-experimental-feature", "Embedded"]),
                .unsafeFlags(tracerLinkFlags.flatMap { ["-Xlinker", $0] }),
            ]),

        // The analyzer, lowest room first.
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "TraceLog", dependencies: ["CZlib", "TraceFormat"], swiftSettings: strict),
        .systemLibrary(name: "CPrefetch"),
        .target(name: "AddressSpace", dependencies: ["CPrefetch", "TraceLog"], swiftSettings: strict),
        .systemLibrary(name: "CElfutils", pkgConfig: "libdw", providers: [.apt(["libdw-dev"])]),
        .systemLibrary(name: "CLiberty", providers: [.apt(["libiberty-dev"])]),
        .systemLibrary(name: "CLinux"),
        .target(name: "Symbols", dependencies: ["CElfutils", "CLiberty"], swiftSettings: strict),
        .target(
            name: "Analysis", dependencies: ["AddressSpace", "CPrefetch", "TraceLog", "Symbols"],
            swiftSettings: strict),
        .target(
            name: "Reports", dependencies: ["Analysis", "AddressSpace", "TraceLog"], swiftSettings: strict),
        .executableTarget(
            name: "mapfray",
            dependencies: [
                "Reports", "Analysis", "AddressSpace", "TraceLog", "TraceFormat", "Symbols", "CLinux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        // Holds the forecast against series whose end is known, beside other ways to forecast (tools/bench forecast).
        .executableTarget(name: "ForecastBench", dependencies: ["Analysis"], swiftSettings: strict),

        .testTarget(name: "TraceFormatTests", dependencies: ["TraceFormat"], swiftSettings: strict),
        // The programs whose logs TraceRingTests judges.
        .executableTarget(
            name: "RingWriter", dependencies: ["TraceRing"], path: "Tests/RingWriter",
            cSettings: [.unsafeFlags(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"])],
            linkerSettings: [.linkedLibrary("pthread")]),
        .testTarget(
            name: "TraceRingTests", dependencies: ["TraceRing", "TraceFormat", "RingWriter"],
            swiftSettings: strict),
        .testTarget(name: "UnwindTests", exclude: ["Programs"], swiftSettings: strict),
        .testTarget(
            name: "TraceLogTests", dependencies: ["TraceLog", "TraceRing", "TraceFormat"],
            swiftSettings: strict),
        // Plays calls to the kernel and to the model; the tests and the fuzzer share it.
        .target(
            name: "MapPlayer", dependencies: ["AddressSpace", "TraceLog"], path: "Tests/MapPlayer",
            swiftSettings: strict),
        .executableTarget(
            name: "replay-fuzz", dependencies: ["MapPlayer"], path: "Tests/ReplayFuzz", swiftSettings: strict),
        .testTarget(
            name: "AddressSpaceTests",
            dependencies: ["AddressSpace", "TraceFormat", "TraceLog", "MapPlayer"],
            swiftSettings: strict),
        .testTarget(name: "SymbolsTests", dependencies: ["Symbols"], swiftSettings: strict),
        .testTarget(
            name: "AnalysisTests", dependencies: ["Analysis", "AddressSpace", "TraceLog", "ForecastBench"],
            swiftSettings: strict),
        .testTarget(name: "ReportsTests", dependencies: ["Reports", "Analysis"], swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["Analysis", "TraceLog", "AddressSpace", "TraceFormat", "MapPlayer"],
            exclude: ["Programs"],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
