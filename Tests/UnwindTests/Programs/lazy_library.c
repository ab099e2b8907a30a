/* A function whose address its resolver decides while the first call to it is being bound. */
extern void check_from_library(const char *where);

static int answer(void)
{
	check_from_library("the function");
	return 42;
}

static int (*resolve(void))(void)
{
	check_from_library("resolver, in the middle of a lazily bound call");
	return answer;
}

__attribute__((visibility("default"))) int resolved(void) __attribute__((ifunc("resolve")));
