/* Steps out of code without an FDE: a JIT's, assembly, Go's. Enters libc only for _dl_find_object. */
#ifndef MF_UNDESCRIBED_H
#define MF_UNDESCRIBED_H

#include "modules.h"
#include "step.h"

/* Whether the address comes right after a call, in memory that can be read. Never enters libc. */
bool mf_is_return_address(uint64_t address);

/* `module`: the one that the frame's code lies in, or NULL. */
enum mf_step mf_step_undescribed(struct mf_frame *frame, const struct mf_module *module);

#endif
