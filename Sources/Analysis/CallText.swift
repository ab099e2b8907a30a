package import TraceLog

extension Call {
    /// The call as strace writes it: `mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)`.
    package var text: String { "" }

    /// The outcome as strace writes it, the equals sign left out: `0x7f00`, `0`, `-1 ENOMEM (Cannot allocate memory)`.
    package var resultText: String { "" }
}
