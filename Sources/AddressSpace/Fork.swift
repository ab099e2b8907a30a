extension AddressSpace {
    /// The map that a child begins with when this process forks; O(n).
    ///
    /// Source: kernel/fork.c, dup_mmap (VM_DONTCOPY is left out, VM_LOCKED cleared, a userfaultfd's hold let go unless
    /// it follows forks),
    /// and mm/rmap.c, anon_vma_fork (each VMA gets an anon_vma of its own).
    package func forked() -> AddressSpace {
        var child = copy()
        child.tree.removeAll()
        child.changes.removeAll()
        child.corrections = Corrections()
        child.futureFlags = []
        child.isInherited = true
        for vma in allVMAs() where vma.flags.isDisjoint(with: .dontCopy) {
            _ = child.tree.insert(child.inherited(vma), at: child.tree.end)
        }
        return child
    }

    private mutating func inherited(_ parent: VMA) -> VMA {
        var vma = parent
        vma.flags.subtract(.lockMask)
        if !UserfaultFeatures(of: extras[parent.extra].userfault).contains(.fork) {
            vma.flags.subtract(.userfault)
            vma.extra = extras.number(parent.extra) { $0.userfault = nil }
        }
        if vma.flags.contains(.wipeOnFork) {
            forgetAnon(&vma)
        } else if parent.anon != 0 {
            vma.anon = newAnon()
            vma.flags.insert(.forked)
        }
        return vma
    }
}
