import ArgumentParser

/// `--pid` where all processes can be meant.
enum ProcessChoice: ExpressibleByArgument {
    case all
    case process(UInt32)

    init?(argument: String) {
        if argument == "all" {
            self = .all
        } else {
            guard let process = UInt32(argument) else { return nil }
            self = .process(process)
        }
    }
}
