/* Built twice, with another PADDING: the call lies at one address in both, its frame has two sizes. */
__attribute__((visibility("default"))) void run(void (*callee)(void))
{
	volatile char padding[PADDING];

	padding[0] = 1;
	callee();
	padding[0] = 2;
}
