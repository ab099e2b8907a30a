/* Finds and parses the frame description (FDE) of an address. Never enters libc. */
#ifndef MF_EH_FRAME_H
#define MF_EH_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "modules.h"
#include "reader.h"

struct mf_fde {
	const uint8_t *place; /* where it begins; positions of expressions are relative to it */
	uint64_t start, end;  /* the code that it describes */
	uint64_t code_align;
	int64_t data_align;
	uint8_t pointer_encoding;
	bool augmented, signal_frame;
	struct mf_reader initial, program;
};

/* The FDE that may cover the address, by binary search; NULL if the module has none. */
const uint8_t *mf_fde_find(uint64_t address, const struct mf_module *module);

/* Parses the FDE at `place`, staying within the module. */
bool mf_fde_parse(const uint8_t *place, const struct mf_module *module, struct mf_fde *fde);

#endif
