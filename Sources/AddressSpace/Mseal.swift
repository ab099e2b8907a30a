import TraceLog

// mseal, as mm/mseal.c does it: the whole range is checked before anything changes.
extension AddressSpace {
    mutating func mseal(_ call: Call) {
        let start = call.arguments.0
        let end = start &+ pageAligned(call.arguments.1)
        guard end > start else { return }
        let fellAtLimit =
            call.error == Errno.noMemory && isNearLimit && obstacle(start, end, { _ in false }) == nil
        guard call.succeeded || fellAtLimit else { return }
        if fellAtLimit { author.gaveUpBy = end }
        changeFlags(start, end, limited: fellAtLimit) { $0.flags.union(.sealed) }
    }
}
