/* Parts of the C library that Swift's own Glibc module leaves out. */
#include <sys/xattr.h>
