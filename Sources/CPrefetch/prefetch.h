/* What Swift has no words for: hints to the processor and the kernel, and a search that is certain to be free
 * of branches.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

/* `address` will be read soon. */
static inline void mapfray_prefetch(const void *address)
{
	__builtin_prefetch(address);
}

/* What lies at random places of `memory` will be needed: of large pages the processor keeps more addresses at
 * hand. It begins and ends at multiples of 2 MiB. */
static inline void mapfray_use_large_pages(void *memory, size_t size)
{
	/* Where the kernel has none, there are small ones. */
	(void)madvise(memory, size, MADV_HUGEPAGE);
}

/* The first index of `count` ascending keys whose key is above `address`, or `count`. */
static inline uint64_t mapfray_first_above(const uint64_t *keys, uint64_t count, uint64_t address)
{
	const uint64_t *base = keys;
	if (count == 0)
		return 0;
	while (count > 1) {
		uint64_t half = count / 2;
		uint64_t mask = -(uint64_t)(base[half - 1] <= address);
		/* Keeps the compiler from making a branch of it again, which would be mispredicted every
		 * other time. */
		__asm__("" : "+r"(mask));
		base += half & mask;
		count -= half;
	}
	return (uint64_t)(base - keys) + (*base <= address);
}

/* The same for eight addresses: searches side by side take hardly longer than one, which waits for every key
 * it reads.
 */
static inline void mapfray_first_above_eight(const uint64_t *keys, uint64_t count, const uint64_t *addresses,
					     uint64_t *places)
{
	uint64_t base[8] = {0};
	for (; count > 1; count -= count / 2) {
		const uint64_t *middle = keys + count / 2 - 1;
		for (int i = 0; i < 8; i++) {
			uint64_t mask = -(uint64_t)(middle[base[i]] <= addresses[i]);
			__asm__("" : "+r"(mask));
			base[i] += count / 2 & mask;
		}
	}
	for (int i = 0; i < 8; i++)
		places[i] = base[i] + (count > 0 && keys[base[i]] <= addresses[i]);
}

/* The first index of 32 ascending keys whose key is above an address, or 32, for each of eight such rows of
 * keys: side by side, as above.
 */
static inline void mapfray_first_above_of_32_eight(const uint64_t *const *keys, const uint64_t *addresses,
						   uint64_t *places)
{
	uint64_t base[8] = {0};
	for (uint64_t half = 16; half > 0; half /= 2) {
		for (int i = 0; i < 8; i++) {
			uint64_t mask = -(uint64_t)(keys[i][base[i] + half - 1] <= addresses[i]);
			__asm__("" : "+r"(mask));
			base[i] += half & mask;
		}
	}
	for (int i = 0; i < 8; i++)
		places[i] = base[i] + (keys[i][base[i]] <= addresses[i]);
}

/* The first index of 32 ascending keys whose key is above `address`, or 32. */
static inline uint64_t mapfray_first_above_of_32(const uint64_t *keys, uint64_t address)
{
	const uint64_t *base = keys;
	for (uint64_t half = 16; half > 0; half /= 2) {
		uint64_t mask = -(uint64_t)(base[half - 1] <= address);
		__asm__("" : "+r"(mask));
		base += half & mask;
	}
	return (uint64_t)(base - keys) + (*base <= address);
}
