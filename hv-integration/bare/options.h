/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h - words of the hypervisor's own command line:
 *
 *      sched=credit|sedf|rr       the policy that is in force first
 *      sched_credit_tslice_ms=30  sched_ratelimit_us=1000
 *      maxcpus=N                  use no more CPUs
 *      smt=1|0                    0: second threads of cores stay off line
 *      dom0_max_vcpus=N           dom0 gets this many vCPUs, whatever its line says
 *      dom0_vcpus_pin             its vCPU n runs on CPU n
 *      dom0_cpu_floor=25          % of one CPU that dom0 gets when it wants it
 *      hv_time=5s                 the run ends then; without it, when all domains have gone
 *      hv_record=MIB              keep a log of that many MiB and write it to COM2 (recorder.h)
 *      hv_control=1               the control protocol on COM2 (channel.h)
 *      hv_turn_us=500             length of a CPU's turn on QEMU's emulator (turn.h); 0: none
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "ration.h"

struct options {
	const struct ration_policy *policies[3];
	struct ration_params params;
	uint32_t maxcpus, record_mib;
	bool smt, control;
	uint32_t dom0_max_vcpus, dom0_floor_ppm;
	bool dom0_vcpus_pin;
	ration_ns end_ns, turn_ns;
};

/* False: a word is wrong, and it is said which. */
bool options_read(struct options *o, const char *line);
/* "credit", "sedf", "rr"; NULL: none. */
const struct ration_policy *options_policy(const char *name);

#endif
