/// errno values that the rules of the kernel distinguish (Linux uapi asm-generic/errno-base.h).
package enum Errno {
    package static let notPermitted: UInt16 = 1
    package static let interrupted: UInt16 = 4
    package static let inputOutput: UInt16 = 5
    package static let badFile: UInt16 = 9
    package static let again: UInt16 = 11
    package static let noMemory: UInt16 = 12
    package static let access: UInt16 = 13
    package static let fault: UInt16 = 14
    package static let exists: UInt16 = 17
    package static let invalid: UInt16 = 22
    package static let notSupported: UInt16 = 95
}
