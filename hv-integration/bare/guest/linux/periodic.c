/* SPDX-License-Identifier: BSD-2-Clause */
/* A periodic task: every PERIOD a job of WORK, which is late after the next PERIOD. */
#include "duty.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

/* How far the task's vCPU has come: its running time, or the time where nobody books. */
static uint64_t progress(void)
{
	struct duty_books books;

	duty_books_get(0, &books);
	return guest_is() ? books.running_ns : books.now_ns;
}

static void work(uint64_t from, uint64_t length)
{
	volatile unsigned turns;

	/* Each question costs an exit; some thousand turns are some ten microseconds. */
	while (progress() - from < length) {
		for (turns = 0; turns < 2000; turns++)
			;
	}
}

int duty_periodic(int argc, char **argv)
{
	uint64_t period, length, end, release, worst = 0;
	unsigned done = 0, late = 0;

	if (argc < 4)
		return 2;
	period = duty_time(argv[1]);
	length = duty_time(argv[2]);
	(void)mlockall(MCL_CURRENT);
	duty_first(0);
	release = argc > 4 ? duty_time(argv[4]) : duty_now() + period;
	end = release + duty_time(argv[3]);
	for (; release + period <= end; release += period) {
		uint64_t from, took;

		duty_sleep_until(release);
		from = progress();
		work(from, length);
		took = duty_now() - release;
		done++;
		late += took > period;
		worst = took > worst ? took : worst;
	}
	printf("periodic jobs=%u late=%u worst_us=%lu\n", done, late, worst / 1000);
	return late > 0;
}
