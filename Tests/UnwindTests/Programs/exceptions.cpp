/* In C++ destructors while an exception passes, in handlers, in the unwinder's own callbacks. */
#include <algorithm>
#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

extern "C" {
#define _Atomic
#include "oracle.h"
}

struct Checked {
	const char *where;
	~Checked()
	{
		check(where);
	}
};

static NOINLINE void throws(int depth)
{
	Checked guard{"destructor during throw"};

	if (depth == 0)
		throw std::runtime_error("x");
	throws(depth - 1);
	KEEP_FRAME();
}

static NOINLINE void catches()
{
	try {
		throws(8);
	} catch (const std::exception &) {
		check("catch");
		try {
			throws(2);
		} catch (...) {
			check("catch in catch");
		}
	}
}

int main()
{
	std::vector<int> numbers{5, 3, 9, 1, 7};
	std::function<void(int)> each = [](int) {
		check("std::function");
		KEEP_FRAME();
	};

	mf_unwind_start();
	catches();
	std::thread([] {
		catches();
		KEEP_FRAME();
	}).join();
	std::sort(numbers.begin(), numbers.end(), [](int a, int b) {
		check("sort");
		return a < b;
	});
	std::for_each(numbers.begin(), numbers.end(), each);
	return verdict(35);
}
