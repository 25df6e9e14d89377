/* SPDX-License-Identifier: BSD-2-Clause */
/* Every vCPU burns; the shares as the guest's kernel and as the hypervisor see them. */
#include "duty.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CPU_MAX 16

/* From START all burn; the window begins and ends this far inside. */
#define MARGIN_NS (300 * NS_PER_MS)

/* /proc/stat, in its ticks. */
struct proc_cpu {
	uint64_t user, nice, system, idle, iowait, irq, softirq, steal;
};
struct proc_stat {
	struct proc_cpu all, cpu[CPU_MAX];
};

static void proc_stat_get(struct proc_stat *stat)
{
	FILE *f = fopen("/proc/stat", "r");
	char line[1024], name[16];

	memset(stat, 0, sizeof(*stat));
	if (f == NULL)
		duty_die("/proc/stat");
	while (fgets(line, sizeof(line), f) != NULL) {
		struct proc_cpu c;
		unsigned number;

		if (sscanf(line, "%15s %lu %lu %lu %lu %lu %lu %lu %lu", name, &c.user, &c.nice,
		           &c.system, &c.idle, &c.iowait, &c.irq, &c.softirq, &c.steal) != 9)
			break;
		if (strcmp(name, "cpu") == 0)
			stat->all = c;
		else if (sscanf(name, "cpu%u", &number) == 1 && number < CPU_MAX)
			stat->cpu[number] = c;
	}
	(void)fclose(f);
}

static uint64_t tick_ms(uint64_t ticks)
{
	return ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

/* Work of the guest is whatever is neither idle nor stolen. */
static uint64_t work_of(const struct proc_cpu *c)
{
	return c->user + c->nice + c->system + c->irq + c->softirq;
}

static void burn_begin(pid_t pid[], int count)
{
	for (int i = 0; i < count; i++) {
		pid[i] = fork();
		if (pid[i] < 0)
			duty_die("fork");
		if (pid[i] == 0) {
			cpu_set_t set;
			volatile uint64_t work = 0;

			CPU_ZERO(&set);
			CPU_SET((size_t)i, &set);
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			(void)sched_setaffinity(0, sizeof(set), &set);
			(void)sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){ 0 });
			for (;;)
				work++;
		}
	}
}

static int cpu_count(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > CPU_MAX ? CPU_MAX : (int)n;
}

int duty_burn(int argc, char **argv)
{
	pid_t pid[CPU_MAX];
	int count = argc > 1 ? atoi(argv[1]) : cpu_count();

	burn_begin(pid, count < 1 ? 1 : count > CPU_MAX ? CPU_MAX : count);
	for (;;)
		(void)pause();
}

static void busy_report(const struct proc_stat from[], const struct duty_books books[], int count)
{
	const struct proc_cpu *a = &from[0].all, *b = &from[1].all;

	printf("busy vcpus=%d wall_ms=%lu user_ms=%lu steal_ms=%lu idle_ms=%lu "
	       "running_ms=%lu waiting_ms=%lu blocked_ms=%lu\n", count,
	       (books[1].now_ns - books[0].now_ns) / NS_PER_MS, tick_ms(work_of(b) - work_of(a)),
	       tick_ms(b->steal - a->steal), tick_ms(b->idle + b->iowait - a->idle - a->iowait),
	       (books[1].running_ns - books[0].running_ns) / NS_PER_MS,
	       (books[1].waiting_ns - books[0].waiting_ns) / NS_PER_MS,
	       (books[1].blocked_ns - books[0].blocked_ns) / NS_PER_MS);
	for (int i = 0; i < count; i++) {
		a = &from[0].cpu[i];
		b = &from[1].cpu[i];
		printf("busy cpu=%d user_ms=%lu steal_ms=%lu\n", i, tick_ms(work_of(b) - work_of(a)),
		       tick_ms(b->steal - a->steal));
	}
}

int duty_busy(int argc, char **argv)
{
	struct proc_stat stat[2];
	struct duty_books books[2];
	pid_t pid[CPU_MAX];
	int count = cpu_count();
	uint64_t length, start;

	if (argc < 2)
		return 2;
	length = duty_time(argv[1]);
	duty_first(-1);
	start = duty_now();
	if (argc > 2 && start > duty_time(argv[2]))
		printf("busy late: START was %lu ms ago\n", (start - duty_time(argv[2])) / NS_PER_MS);
	else if (argc > 2)
		start = duty_time(argv[2]);
	duty_sleep_until(start);
	burn_begin(pid, count);
	for (int i = 0; i < 2; i++) {
		duty_sleep_until(start + MARGIN_NS + (i == 0 ? 0 : length));
		proc_stat_get(&stat[i]);
		duty_books_get(RATION_GUEST_ALL, &books[i]);
	}
	duty_sleep_until(start + length + 2 * MARGIN_NS);
	for (int i = 0; i < count; i++) {
		(void)kill(pid[i], SIGKILL);
		(void)waitpid(pid[i], NULL, 0);
	}
	busy_report(stat, books, count);
	return 0;
}
