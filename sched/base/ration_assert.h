/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ration_assert.h - what happens when the host breaks a stated precondition.
 *
 * Bad input from outside is answered with a status; a mistake of the program
 * that calls the library meets an assertion, in release builds too: a
 * scheduler that goes on with a corrupt queue is worse than one that stops.
 */
#ifndef RATION_ASSERT_H
#define RATION_ASSERT_H

#ifdef __cplusplus
extern "C" {
#endif

/* The host supplies this function.  It must not return.  `text` is the
 * condition that did not hold. */
__attribute__((noreturn))
void ration_panic(const char *file, int line, const char *text);

#define RATION_ASSERT(condition) \
	((condition) ? (void)0 : ration_panic(__FILE__, __LINE__, #condition))

#ifdef __cplusplus
}
#endif
#endif
