/* Encoded pointers. */
#include "reader.h"

static uint64_t read_format(struct mf_reader *reader, uint8_t format)
{
	switch (format) {
	case 0x0:
	case 0x4:
	case 0xc:
		return mf_read_unsigned(reader, 8);
	case 0x1:
		return mf_read_uleb(reader);
	case 0x2:
	case 0x3:
		return mf_read_unsigned(reader, format == 0x2 ? 2 : 4);
	case 0x9:
		return (uint64_t)mf_read_sleb(reader);
	case 0xa:
	case 0xb:
		return (uint64_t)mf_read_signed(reader, format == 0xa ? 2 : 4);
	default:
		reader->failed = true;
		return 0;
	}
}

/* Text-relative, function-relative, aligned and indirect pointers do not occur in this place on Linux. */
uint64_t mf_read_pointer(struct mf_reader *reader, uint8_t encoding, uint64_t data_base)
{
	uint64_t place = (uint64_t)reader->at;
	uint64_t value = read_format(reader, encoding & MF_PE_FORMAT);

	switch (encoding & (MF_PE_BASE | MF_PE_INDIRECT)) {
	case 0:
		return value;
	case MF_PE_PCREL:
		return value + place;
	case MF_PE_DATAREL:
		return value + data_base;
	default:
		reader->failed = true;
		return 0;
	}
}
