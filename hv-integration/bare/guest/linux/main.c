/* SPDX-License-Identifier: BSD-2-Clause */
/* The jobs of `duty`, and what they share. */
#include "duty.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

_Noreturn void duty_die(const char *what)
{
	fprintf(stderr, "duty: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t clock_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

void duty_books_get(uint64_t vcpu, struct duty_books *books)
{
	struct guest_regs regs = { .rax = RATION_GUEST_LEDGER, .rbx = vcpu };

	*books = (struct duty_books){ .now_ns = 0 };
	if (!guest_is()) {
		books->now_ns = clock_ns();
		return;
	}
	guest_call(&regs);
	books->now_ns = regs.rdi;
	books->running_ns = regs.rbx;
	books->waiting_ns = regs.rcx;
	books->blocked_ns = regs.rdx;
	books->down_ns = regs.rsi;
}

uint64_t duty_now(void)
{
	struct guest_regs regs = { .rax = RATION_GUEST_WHO };

	if (!guest_is())
		return clock_ns();
	guest_call(&regs);
	return regs.rdx;
}

void duty_sleep_until(uint64_t at_ns)
{
	uint64_t now;

	/* Two clocks: what this one's sleep leaves is slept again. */
	while ((now = duty_now()) < at_ns) {
		uint64_t left = at_ns - now;
		struct timespec t = { (time_t)(left / NS_PER_S), (long)(left % NS_PER_S) };

		(void)nanosleep(&t, NULL);
	}
}

uint64_t duty_time(const char *text)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "us", 1000 }, { "ms", NS_PER_MS }, { "s", NS_PER_S } };
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (end != text && strcmp(end, units[i].name) == 0)
			return value * units[i].ns;
	}
	fprintf(stderr, "duty: '%s': expected a length of time such as 10ms\n", text);
	exit(2);
}

void duty_first(int cpu)
{
	struct sched_param param = { .sched_priority = 50 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu < 0 ? 0 : (size_t)cpu, &set);
	if (cpu >= 0 && sched_setaffinity(0, sizeof(set), &set) != 0)
		duty_die("sched_setaffinity");
	if (sched_setscheduler(0, SCHED_FIFO, &param) != 0)
		duty_die("sched_setscheduler");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name, *says;
		int (*run)(int argc, char **argv);
	} jobs[] = {
		{ "busy", "LENGTH [START]               all vCPUs burn; the shares, from inside",
		  duty_busy },
		{ "burn", "[VCPUS]                      burn for good", duty_burn },
		{ "periodic", "PERIOD WORK LENGTH [START]   count the jobs that are late",
		  duty_periodic },
		{ "say", "[TEXT]...                    to the console: the text, or standard input",
		  duty_say },
		{ "screen", "PROGRAM [ARG]...             run it on the console as on a terminal",
		  duty_screen },
	};
	size_t count = sizeof(jobs) / sizeof(jobs[0]);

	for (size_t i = 0; argc > 1 && i < count; i++) {
		if (strcmp(argv[1], jobs[i].name) == 0)
			return jobs[i].run(argc - 1, argv + 1);
	}
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, "%s duty %-8s %s\n", i == 0 ? "usage:" : "      ", jobs[i].name,
		        jobs[i].says);
	return 2;
}
