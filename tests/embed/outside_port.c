/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outside_port.c - built by install.sh outside of the tree, in C and in C++,
 * against what is installed: a machine of one CPU around the port, one guest
 * that runs, yields and blocks, and its recording.
 */
#include <stdio.h>
#include <stdlib.h>

#include <ration.h>
#include <ration_rr.h>
#include <ration_lock.h>
#include <ration_port.h>

static struct ration_lock lock;
static ration_ns clock_ns, timer_ns;
static int kicks, saves;

void ration_panic(const char *file, int line, const char *text)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, text);
	abort();
}

static void take(void *context) { (void)context; ration_lock_take(&lock); }
static void release(void *context) { (void)context; ration_lock_release(&lock); }
static ration_ns now(void *context) { (void)context; return clock_ns += 1000; }
static void kick(void *context, ration_cpu c) { (void)context; kicks += c == 0; }

static void timer(void *context, ration_cpu c, ration_ns at_ns)
{
	(void)context, (void)c;
	timer_ns = at_ns;
}

static void save(void *context, ration_cpu c, struct ration_vcpu *v)
{
	(void)context, (void)c;
	saves += v != NULL;
}

static bool pending(void *context, struct ration_vcpu *v)
{
	(void)context;
	return v == NULL;
}

static uint64_t ring[RATION_RECORD_WORDS_MIN];
static unsigned char bytes[RATION_RECORD_HEADER_MAX];
static struct ration_port port;

static struct ration_vcpu *guest(void)
{
	const struct ration_affinity anywhere = { ration_cpuset_of(0), ration_cpuset_of(0) };
	struct ration_dom *dom = NULL;
	struct ration_vcpu *vcpu = NULL;
	struct ration_effects fx;
	struct ration_attr attr;
	ration_ns at = ration_port_begin(&port, RATION_CPU_NONE);

	ration_attr_default(&attr);
	if (ration_record_dom_admit(&port.record, 1, &attr, at, &fx, &dom) == RATION_OK) {
		ration_port_effects(&port, &fx);
		(void)ration_record_admit(&port.record, dom, 0, anywhere, at, &fx, &vcpu, NULL);
	}
	ration_port_end(&port, &fx);
	return vcpu;
}

int main(void)
{
	const struct ration_policy *policy = &ration_rr;
	const struct ration_port_host host = {
		NULL, take, release, now, kick, timer, save, pending
	};
	struct ration_port_exit none = { RATION_EXIT_NONE, NULL }, yield = none, block = none;
	struct ration_config config = {
		{ 1, 1, 1 }, &policy, 1, { RATION_TSLICE_DEFAULT_NS, RATION_RATELIMIT_DEFAULT_NS }, NULL,
		{ 0, 0 }
	};
	size_t size = ration_size(&policy, 1, &config.limits);
	void *memory = aligned_alloc(16, (size + 15) / 16 * 16);
	struct ration_vcpu *vcpu;
	struct ration *r;
	int failed;

	yield.why = RATION_EXIT_YIELD;
	block.why = RATION_EXIT_BLOCK;
	if (ration_init(memory, size, &config, 0, &r) != RATION_OK)
		return 1;
	ration_port_init(&port, &host, r, &config);
	ration_record_start(&port.record, ring, RATION_RECORD_WORDS_MIN, 0);
	vcpu = guest();
	ration_port_wake(&port, RATION_CPU_NONE, vcpu);
	failed = kicks != 1 || ration_port_run(&port, 0, none) != vcpu || timer_ns == RATION_NEVER;
	failed |= ration_port_run(&port, 0, yield) != vcpu || saves != 0;
	failed |= ration_port_run(&port, 0, block) != NULL || saves != 1 || timer_ns != RATION_NEVER;
	ration_record_end(&port.record, clock_ns);
	failed |= ration_record_header(&config, 0, "outside", "one CPU", bytes, sizeof bytes) == 0;
	failed |= ration_record_drain(&port.record, bytes, sizeof bytes) == 0;
	failed |= ration_record_lost(&port.record) != 0 || ration_check(r) != NULL;
	printf("port: %s\n", failed ? "wrong" : "right");
	free(memory);
	return failed;
}
