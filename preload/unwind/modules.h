/* Which loaded object an address belongs to, and where its table of frame descriptions is. */
#ifndef MF_MODULES_H
#define MF_MODULES_H

#include <stdbool.h>
#include <stdint.h>

struct mf_module {
	uint64_t start, end;
	const uint8_t *eh_frame_hdr; /* NULL: it has none */
};

/* Enters libc: dlsym, dl_iterate_phdr. */
void mf_modules_start(void);

/* Enters only _dl_find_object, which is lock-free and safe in signal handlers. */
bool mf_module_find(uint64_t address, struct mf_module *module);

void mf_modules_forget(uint64_t start, uint64_t end);

#endif
