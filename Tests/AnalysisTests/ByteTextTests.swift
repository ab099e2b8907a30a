import Analysis
import Testing

struct ByteTextTests {
    @Test(arguments: [
        (0, "0 bytes"), (1023, "1023 bytes"), (65536, "64 KiB"), (1_610_612_736, "1.5 GiB"),
        (10_737_479_680, "10 GiB"), (UInt64.max, "16 EiB"),
    ])
    func `bytes take the unit that fits`(value: UInt64, text: String) {
        #expect(ByteText.of(value) == text)
    }
}
