package import AddressSpace
package import Symbols

/// The passes over a log, compiled for just this source: from another module they would run for any source there may
/// be, in twice the time.
extension ReadAhead {
    /// `Investigation.run`.
    package mutating func investigate(
        _ options: InvestigationOptions, inherited: consuming AddressSpace? = nil,
        progress: ((Double) -> Void)? = nil
    ) -> Investigation {
        Investigation.run(&self, options: options, inherited: inherited, progress: progress)
    }

    /// `LimitTrial.run`.
    package mutating func tryLimit(
        _ limit: Int, symbols: SymbolizerOptions?, inherited: consuming AddressSpace? = nil,
        progress: ((Double) -> Void)? = nil
    ) -> LimitTrial {
        LimitTrial.run(&self, limit: limit, symbols: symbols, inherited: inherited, progress: progress)
    }

    /// `RehearsalReport.run`.
    package mutating func rehearse(
        _ investigation: Investigation, changes: [RehearsalReport.Change], limit: Int?,
        symbols: SymbolizerOptions?, inherited: consuming AddressSpace? = nil,
        progress: ((Double) -> Void)? = nil
    ) -> RehearsalReport {
        RehearsalReport.run(
            &self, investigation, changes: changes, limit: limit, symbols: symbols, inherited: inherited,
            progress: progress)
    }

    /// `Investigation.countBoundaries`.
    package mutating func countBoundaries(
        for investigation: inout Investigation, inherited: consuming AddressSpace? = nil,
        progress: ((Double) -> Void)? = nil
    ) {
        investigation.countBoundaries(&self, inherited: inherited, progress: progress)
    }
}
