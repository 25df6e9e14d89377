/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * panic.cc - what a broken precondition does in a test: it says so and aborts,
 * which EXPECT_DEATH() can wait for.  Weak: a test may bring its own.
 */
#include <cstdio>
#include <cstdlib>

#include "ration_assert.h"

extern "C" __attribute__((weak)) void ration_panic(const char *file, int line, const char *text)
{
	std::fprintf(stderr, "panic: %s:%d: %s\n", file, line, text);
	std::abort();
}
