import ArgumentParser

/// Which of the processes that a command starts are recorded.
enum Follow: String, ExpressibleByArgument, CaseIterable {
    case all
    case no
}
