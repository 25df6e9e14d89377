/* SPDX-License-Identifier: BSD-2-Clause */
#define _POSIX_C_SOURCE 200809L
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS_AFTER_NS (500 * RATION_NS_PER_MS)
#define PROGRESS_EVERY_NS (100 * RATION_NS_PER_MS)
#define PROGRESS_WIDTH    40u

static ration_ns wall_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (ration_ns)now.tv_sec * RATION_NS_PER_S + (ration_ns)now.tv_nsec;
}

void progress_begin(struct progress *p, const char *name, ration_ns end_ns, bool allowed)
{
	const char *term = getenv("TERM");

	p->wanted = allowed && isatty(STDERR_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
	p->drawn = false;
	p->name = name;
	p->end_ns = end_ns;
	p->begun_ns = wall_ns();
	p->next_ns = p->begun_ns + PROGRESS_AFTER_NS;
}

void progress_step(void *context, ration_ns now_ns)
{
	struct progress *p = context;
	ration_ns wall;
	double part, left_s;
	unsigned filled;

	if (!p->wanted)
		return;
	wall = wall_ns();
	if (wall < p->next_ns)
		return;
	p->next_ns = wall + PROGRESS_EVERY_NS;
	part = p->end_ns == 0 ? 1.0 : (double)now_ns / (double)p->end_ns;
	if (part > 1.0)
		part = 1.0;
	filled = (unsigned)(part * PROGRESS_WIDTH);
	left_s = part <= 0.0 ? 0.0 :
	         (double)(wall - p->begun_ns) / 1e9 * (1.0 - part) / part;
	fprintf(stderr, "\r%s [", p->name);
	for (unsigned i = 0; i < PROGRESS_WIDTH; i++)
		fputc(i < filled ? '#' : '.', stderr);
	fprintf(stderr, "] %3.0f %%, %.0f s left \033[K", part * 100.0, left_s);
	fflush(stderr);
	p->drawn = true;
}

void progress_end(struct progress *p)
{
	if (p->drawn)
		fputs("\r\033[K", stderr);
	p->drawn = false;
}
