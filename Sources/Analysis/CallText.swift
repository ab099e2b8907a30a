package import TraceLog

extension Call {
    /// The call as strace writes it: `mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)`.
    package var text: String {
        CallNames.name(of: kind) + "(" + argumentTexts.joined(separator: ", ") + ")"
    }

    /// The outcome as strace writes it, the equals sign left out: `0x7f00`, `0`, `-1 ENOMEM (Cannot
    /// allocate memory)`.
    package var resultText: String {
        guard succeeded else { return "-1 \(errnoName(error)) (\(errnoText(error)))" }
        switch kind {
        case .mmap, .mremap, .brk, .shmat, .mapShadowStack: return offset(result)
        default: return String(Int64(bitPattern: result))
        }
    }

    private var argumentTexts: [String] {
        let (a, b, c, d, e, f) = arguments
        switch kind {
        case .mmap:
            return range + [
                bitText(c, CallNames.protection, "PROT"), mapFlagsText(d),
                String(Int32(truncatingIfNeeded: e)),
                offset(f),
            ]
        case .munmap, .mlock, .munlock: return range
        case .mprotect: return range + [bitText(c, CallNames.protection, "PROT")]
        case .pkeyMprotect:
            return range + [bitText(c, CallNames.protection, "PROT"), String(Int32(truncatingIfNeeded: d))]
        case .mremap: return remapArguments
        case .brk, .shmdt, .ioDestroy: return [pointer(a)]
        case .madvise: return range + [named(c & 0xFFFF_FFFF, CallNames.advice, "MADV")]
        case .mlock2: return range + [bitText(c, CallNames.lock2, "MLOCK", zero: "0")]
        case .mlockall: return [bitText(a, CallNames.lockAll, "MCL", zero: "0")]
        case .munlockall: return []
        case .mbind:
            return range + [
                policy(c), pointer(d), String(e), bitText(f, CallNames.bindFlags, "MPOL", zero: "0"),
            ]
        case .shmat:
            return [
                String(Int32(truncatingIfNeeded: a)), pointer(b),
                bitText(c, CallNames.attach, "SHM", zero: "0"),
            ]
        case .remapFilePages:
            return range + [bitText(c, CallNames.protection, "PROT"), String(d), mapFlagsText(e)]
        case .prctl: return prctlArguments
        case .ioSetup: return [String(UInt32(truncatingIfNeeded: a)), pointer(b)]
        case .setMempolicyHomeNode: return range + [String(c), offset(d)]
        case .mseal, .mapShadowStack: return range + [offset(c)]
        case .userfaultfdRegister:
            return [
                String(a), "UFFDIO_REGISTER",
                "{range={start=\(hex(b)), len=\(hex(c))}, mode=\(registerMode(d))}",
            ]
        case .userfaultfdUnregister:
            return [String(a), "UFFDIO_UNREGISTER", "{start=\(hex(b)), len=\(hex(c))}"]
        case .userfaultfdClose: return [String(a)]
        case .personality: return [offset(a)]
        case .processMadvise:
            return [
                String(Int32(truncatingIfNeeded: d)), "[{iov_base=\(pointer(a)), iov_len=\(b)}]", "1",
                named(c & 0xFFFF_FFFF, CallNames.advice, "MADV"), offset(e),
            ]
        }
    }

    private var range: [String] { [pointer(arguments.0), String(arguments.1)] }

    /// strace shows the new address only where the kernel reads it: with MREMAP_FIXED.
    private var remapArguments: [String] {
        let fixed = remapFlags.contains(.fixed)
        let texts = range + [String(arguments.2), bitText(arguments.3, CallNames.remap, "MREMAP", zero: "0")]
        return fixed ? texts + [pointer(arguments.4)] : texts
    }

    private var prctlArguments: [String] {
        let (a, b, c, d, e, _) = arguments
        guard a == 0x5356_4D41, b == 0 else {
            return [offset(a), offset(b), offset(c), offset(d), offset(e)]
        }
        return ["PR_SET_VMA", "PR_SET_VMA_ANON_NAME", pointer(c), String(d), pointer(e)]
    }
}

/// `0x1000`, or `NULL`.
private func pointer(_ value: UInt64) -> String { value == 0 ? "NULL" : hex(value) }

/// `0x1000`, or `0`.
private func offset(_ value: UInt64) -> String { value == 0 ? "0" : hex(value) }

private func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

private func unknown(_ value: UInt64, _ prefix: String) -> String { "\(hex(value)) /* \(prefix)_??? */" }

/// The known bits by name, the others together in hexadecimal.
private func bitText(_ value: UInt64, _ table: CallNames.Table, _ prefix: String, zero: String? = nil)
    -> String
{
    let value = value & 0xFFFF_FFFF
    if value == 0 { return zero ?? prefix + "_NONE" }
    let known = table.filter { value & $0.bit != 0 }
    let rest = known.reduce(value) { $0 & ~$1.bit }
    if known.isEmpty { return unknown(value, prefix) }
    return (known.map(\.name) + (rest == 0 ? [] : [hex(rest)])).joined(separator: "|")
}

private func registerMode(_ value: UInt64) -> String {
    bitText(value, CallNames.registerModes, "UFFDIO_REGISTER_MODE", zero: "0")
}

private func named(_ value: UInt64, _ table: [UInt64: String], _ prefix: String) -> String {
    table[value] ?? unknown(value, prefix)
}

/// The type is a number in the lowest four bits, the size of huge pages one in the highest six.
private func mapFlagsText(_ value: UInt64) -> String {
    let value = value & 0xFFFF_FFFF
    let known = CallNames.map.filter { value & $0.bit != 0 }
    let rest = known.reduce(value & 0x03FF_FFF0) { $0 & ~$1.bit }
    let hugeSize = value >> 26
    return
        ([named(value & 15, CallNames.mapTypes, "MAP")] + known.map(\.name) + (rest == 0 ? [] : [hex(rest)])
        + (hugeSize == 0 ? [] : ["\(hugeSize)<<MAP_HUGE_SHIFT"])).joined(separator: "|")
}

private func policy(_ value: UInt64) -> String {
    let number = value & 0xFFFF_3FFF
    let known = CallNames.policyModes.filter { value & $0.bit != 0 }.map(\.name)
    let name = number < 6 ? CallNames.policies[Int(number)] : unknown(number, "MPOL")
    return ([name] + known).joined(separator: "|")
}
