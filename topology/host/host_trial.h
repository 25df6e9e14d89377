/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_trial.h - do something in a child process first, to see whether it
 * comes back.
 *
 * hwloc 2.9 trusts the XML that it reads: about one in a thousand files with a
 * few wrong attributes makes it crash or loop for ever.  A file is therefore
 * read twice, the first time where that does no harm.  The cost is a fork and
 * a second reading, a few milliseconds.
 */
#ifndef HOST_TRIAL_H
#define HOST_TRIAL_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Processor time that the child may use. */
#define HOST_TRIAL_SECONDS 5u

/*
 * Calls work(context) in a child whose standard error is closed and whose
 * changes to memory are lost.  True when it returned (whatever it returned),
 * or when no child can be made; false when it crashed or ran out of time.
 */
bool host_trial(bool (*work)(void *context), void *context);

#ifdef __cplusplus
}
#endif
#endif
