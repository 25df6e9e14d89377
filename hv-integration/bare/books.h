/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * books.h - the ledger as a table for programs, one line a domain, a vCPU, a CPU:
 *
 *      (hv) ledger domain=web1 id=1 vcpus=4 exits=N running_ns=N blocked_ns=N down_ns=N
 *           waiting_ns=N offline_ns=N affinity_ns=N ... queue_ns=N gone=0
 *      (hv) ledger cpu=0 busy_ns=N idle_ns=N overhead_ns=N offline_ns=N dispatches=N ...
 */
#ifndef BOOKS_H
#define BOOKS_H

struct domain;

/* The domain goes: its books are kept for the table. */
void books_keep(const struct domain *d);
void books_print(void);

#endif
