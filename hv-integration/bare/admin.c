/* SPDX-License-Identifier: BSD-2-Clause */
#include "admin.h"

#include "channel.h"
#include "domain.h"
#include "recorder.h"
#include "books.h"
#include "script.h"

#define STOP_NS (20 * RATION_NS_PER_MS)

#define SHUTDOWN_NS (20 * RATION_NS_PER_MS)

static ration_ns admin_end_ns;
static bool admin_reset;

void admin_init(ration_ns end_ns)
{
	admin_end_ns = end_ns;
}

void admin_shutdown(bool is_reset)
{
	FLAG_SET(admin_reset, is_reset);
	FLAG_SET(admin_end_ns, clock_now() + SHUTDOWN_NS);
	FLAG_SET(hv.work, 1);
}

ration_ns admin_next(void)
{
	ration_ns next = script_next(), end = FLAG_GET(admin_end_ns), poll = channel_next();

	next = end < next ? end : next;
	return poll < next ? poll : next;
}

void admin_work(void)
{
	ration_ns now;

	ration_lock_take(&hv.admin);
	FLAG_SET(hv.work, 0);
	now = clock_now();
	if (cpu_self()->id == 0)
		script_run(now);
	if (domain_settle())
		FLAG_SET(hv.work, 1);
	if (now >= FLAG_GET(admin_end_ns) ||
	    (!domain_is_any() && script_next() == RATION_NEVER && !channel_is_serial()))
		admin_finish();
	ration_lock_release(&hv.admin);
	if (cpu_self()->id == 0)
		channel_poll(now);
}

/* The others stand still, so that nothing is said in between. */
static void admin_stop_others(void)
{
	ration_ns end = clock_now() + STOP_NS;
	uint32_t c, running;

	FLAG_SET(hv.stop, true);
	for (c = 0; c < hv.cpu_count; c++)
		if (c != cpu_self()->id && hv.cpu[c].present)
			host_kick(c);
	do {
		running = 0;
		for (c = 0; c < hv.cpu_count; c++)
			running += hv.cpu[c].present && !FLAG_GET(hv.cpu[c].stands) ? 1u : 0u;
		ration_lock_relax();
	} while (running > 1 && clock_now() < end);
}

void admin_finish(void)
{
	const char *broken;
	ration_ns now;

	recorder_stop();
	admin_stop_others();
	books_print();
	broken = ration_check(hv.ration);
	if (broken != NULL)
		say("broken: %s", broken);
	if (!channel_is_serial())
		recorder_write();
	now = clock_now();
	say("end: %lu us", now / 1000);
	if (admin_reset)
		outb(0xCF9, 6);
	outb(0xF4, broken == NULL ? 0x10 : 0x11);
	halt_for_ever();
	__builtin_unreachable();
}
