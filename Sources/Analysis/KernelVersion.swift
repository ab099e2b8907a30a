/// The first two numbers of a release such as "6.18.44"; 0.0 where the text is no version.
struct KernelVersion: Comparable, Sendable {
    var major: Int
    var minor: Int

    init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    init(_ release: String) {
        let numbers = release.split(separator: ".", maxSplits: 2).map {
            Int($0.prefix { "0"..."9" ~= $0 }) ?? 0
        }
        self.init(major: numbers.first ?? 0, minor: numbers.count > 1 ? numbers[1] : 0)
    }

    static func < (a: KernelVersion, b: KernelVersion) -> Bool { (a.major, a.minor) < (b.major, b.minor) }
}
