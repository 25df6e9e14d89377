/* SPDX-License-Identifier: BSD-2-Clause */
/* steal.h - what of a ledger is waiting. */
#ifndef STEAL_H
#define STEAL_H

#include "ration.h"

/* The time in which it was runnable and did not run, whatever the cause. */
ration_ns steal_waiting(const struct ration_ledger *ledger);

#endif
