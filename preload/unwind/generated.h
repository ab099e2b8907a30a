/*
 * Where the program made code of its own: ranges that it mapped or made executable, and that are no
 * library's. Nothing is ever taken out: what lies there later is judged by its bytes, as code is. Never
 * enters libc.
 */
#ifndef MF_GENERATED_H
#define MF_GENERATED_H

#include <stdbool.h>
#include <stdint.h>

/* Whether such code may lie there: also where more ranges came than are kept. */
bool mf_generated_may_hold(uint64_t address);

#endif
