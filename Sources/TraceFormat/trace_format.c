/* SwiftPM wants a source file in every C target; compiling the header here also runs its size assertions. */
#include "trace_format.h"
