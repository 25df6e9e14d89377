/* SPDX-License-Identifier: BSD-2-Clause */
/* What the library wants of its host: a way to stop. */
#include <stdio.h>
#include <stdlib.h>

#include "ration_assert.h"

void ration_panic(const char *file, int line, const char *text)
{
	(void)fprintf(stderr, "ration: %s:%d: broken: %s\n"
	              "This is a mistake of the program, not of its input.\n", file, line, text);
	abort();
}
