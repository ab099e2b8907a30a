package import TraceLog

extension AddressSpace {
    /// Everything but the VMAs, to be written down, and but the kernel's rules, of which the log tells; `words` holds
    /// the VMAs.
    package struct Image: Codable, Sendable {
        var pageSize: UInt64
        var maxMapCount: Int?
        var neverOvercommits: Bool
        var assumesWrites: Bool
        var corrections: Corrections
        var lastAnon: UInt32
        var identities: FileIdentities
        var extras: ExtraTable
        var habits: JoinHabits
        var heap: Heap
        var futureFlags: VMAFlags
        var mergesPages: Bool
        /// Not in older checkpoints.
        var personality: Personality?
        var isLoaded: Bool
        var isInherited: Bool
        var stackAddress: UInt64

        /// Without what is known of other files than these, which may be mapped again.
        package func keeping(_ files: Set<FileID>) -> Image {
            var other = self
            other.identities = identities.keeping(files)
            return other
        }
    }

    /// A copy of everything but the VMAs; O(1) but for tables of files and attributes.
    package var image: Image {
        Image(
            pageSize: pageSize, maxMapCount: maxMapCount, neverOvercommits: neverOvercommits,
            assumesWrites: assumesWrites,
            corrections: corrections, lastAnon: lastAnon, identities: identities, extras: extras,
            habits: habits,
            heap: heap,
            futureFlags: futureFlags, mergesPages: mergesPages, personality: personality,
            isLoaded: isLoaded, isInherited: isInherited,
            stackAddress: stackAddress)
    }

    /// Every VMA with its blame, eight words each; O(n).
    package var words: [UInt64] {
        var words: [UInt64] = []
        words.reserveCapacity(8 * count)
        forEach { vma in
            vma.write(to: &words)
            return true
        }
        return words
    }

    /// An address space as it was written down; nil if the words are no list of VMAs in order.
    package static func restored(_ image: Image, words: [UInt64], rules: KernelRules) -> AddressSpace? {
        guard words.count % 8 == 0, image.pageSize.nonzeroBitCount == 1, image.pageSize >= 4096 else {
            return nil
        }
        var space = AddressSpace(image, rules)
        var end: UInt64 = 0
        for first in stride(from: 0, to: words.count, by: 8) {
            let vma = VMA(words, at: first)
            guard vma.start >= end, vma.start < vma.end else { return nil }
            end = vma.end
            _ = space.tree.insert(vma, at: space.tree.end)
        }
        return space
    }

    private init(_ image: Image, _ rules: KernelRules) {
        self.init(pageSize: image.pageSize, rules: rules)
        maxMapCount = image.maxMapCount
        neverOvercommits = image.neverOvercommits
        assumesWrites = image.assumesWrites
        corrections = image.corrections
        lastAnon = image.lastAnon
        identities = image.identities
        extras = image.extras
        habits = image.habits
        heap = image.heap
        futureFlags = image.futureFlags
        mergesPages = image.mergesPages
        personality = image.personality ?? Personality()
        isLoaded = image.isLoaded
        isInherited = image.isInherited
        stackAddress = image.stackAddress
    }
}

extension VMA {
    fileprivate func write(to words: inout [UInt64]) {
        words.append(start)
        words.append(end)
        words.append(pgoff)
        words.append(flags.rawValue)
        words.append(time)
        words.append(UInt64(description) << 32 | UInt64(file.rawValue))
        words.append(UInt64(anon) << 32 | UInt64(extra))
        words.append(owner.word)
    }

    fileprivate init(_ words: [UInt64], at first: Int) {
        func word(_ index: Int) -> UInt64 { words[first + index] }
        self.init(
            start: word(0), end: word(1), pgoff: word(2), flags: VMAFlags(rawValue: word(3)),
            time: word(4), description: UInt32(word(5) >> 32),
            file: FileID(rawValue: UInt32(truncatingIfNeeded: word(5))), anon: UInt32(word(6) >> 32),
            extra: UInt32(truncatingIfNeeded: word(6)),
            owner: Owner(word: word(7)))
    }
}
