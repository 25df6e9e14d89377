/* SPDX-License-Identifier: BSD-2-Clause */
/*
<<<<<<<< HEAD:hv-integration/bare/books.h
 * books.h - the ledger as a table for programs, one line a domain, a vCPU, a CPU:
========
 * domain_report.h - the ledger as a table for programs, one line a domain, a vCPU, a CPU:
>>>>>>>> wip-ctl:hv-integration/bare/domain_report.h
 *
 *      (hv) ledger domain=web1 id=1 vcpus=4 exits=N running_ns=N blocked_ns=N down_ns=N
 *           waiting_ns=N offline_ns=N affinity_ns=N ... queue_ns=N gone=0
 *      (hv) ledger cpu=0 busy_ns=N idle_ns=N overhead_ns=N offline_ns=N dispatches=N ...
 */
<<<<<<<< HEAD:hv-integration/bare/books.h
#ifndef BOOKS_H
#define BOOKS_H
========
#ifndef DOMAIN_REPORT_H
#define DOMAIN_REPORT_H
>>>>>>>> wip-ctl:hv-integration/bare/domain_report.h

struct domain;

/* The domain goes: its books are kept for the table. */
void books_keep(const struct domain *d);
void books_print(void);

#endif
