/* SPDX-License-Identifier: BSD-2-Clause */
/* stream.c - what is read as it comes: consoles and the log. */
#include "hvctl.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "output.h"
#include "quantity.h"

#define STREAM_PAUSE_MS 100      /* between two looks at what is still going on */

static volatile sig_atomic_t stream_is_interrupted;

static void stream_interrupt(int number)
{
	(void)number;
	stream_is_interrupted = 1;
}

static void stream_watch(void)
{
	struct sigaction action = { .sa_handler = stream_interrupt };

	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
}

/* ---- Consoles ------------------------------------------------------------- */

/* What is there from *from on, to standard output. */
static int stream_print(struct hvctl *h, uint32_t dom, uint64_t *from, uint32_t *count)
{
	struct ration_control_request q = { .op = RATION_CONTROL_CONSOLE_READ, .dom = dom,
		.from = *from };
	struct link_answer a;
	uint64_t first = 0;
	int status = link_ask(&h->link, &q, &a);

	if (status != HVCTL_OK)
		return status;
	if (!ration_control_wire_u64(&a.body, &first))
		return hvctl_fail("the answer is cut off");
	*count = a.body.size - a.body.at;
	*from = first + *count;
	if (fwrite(a.body.bytes + a.body.at, 1, *count, stdout) != *count || fflush(stdout) != 0)
		return hvctl_fail("standard output cannot be written: %s", strerror(errno));
	return HVCTL_OK;
}

/* What was typed here goes to the domain; *is_open: more may come. */
static int stream_type(struct hvctl *h, uint32_t dom, bool *is_open)
{
	struct ration_control_request q = { .op = RATION_CONTROL_CONSOLE_WRITE, .dom = dom };
	struct pollfd input = { *is_open ? STDIN_FILENO : -1, POLLIN, 0 };
	uint8_t bytes[256];
	struct link_answer a;
	ssize_t count;

	if (poll(&input, 1, STREAM_PAUSE_MS) <= 0)
		return HVCTL_OK;
	count = read(STDIN_FILENO, bytes, sizeof bytes);
	*is_open = count > 0;
	q.bytes = bytes;
	q.length = count > 0 ? (uint32_t)count : 0;
	while (q.length != 0 && !stream_is_interrupted) {
		uint32_t taken = 0;
		int status = link_ask(&h->link, &q, &a);

		if (status != HVCTL_OK)
			return status;
		(void)ration_control_wire_u32(&a.body, &taken);
		if (taken > q.length)
			return hvctl_fail("the answer is malformed");
		q.bytes += taken;
		q.length -= taken;
		if (taken == 0)
			(void)poll(NULL, 0, STREAM_PAUSE_MS);
	}
	return HVCTL_OK;
}

static int stream_console(struct hvctl *h)
{
	struct ration_control_domain domain;
	bool follow = h->option[0] != NULL, is_open = true;
	int status = hvctl_domain(h, h->argument[0], &domain);
	uint64_t from = 0;

	stream_watch();
	while (status == HVCTL_OK && !stream_is_interrupted) {
		uint32_t count = 0;

		status = stream_print(h, domain.id, &from, &count);
		if (status != HVCTL_OK || count != 0)
			continue;
		if (!follow)
			break;
		status = stream_type(h, domain.id, &is_open);
	}
	return status;
}

/* ---- The log -------------------------------------------------------------- */

static uint64_t stream_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* All there is, and if `q` says so the end; *is_last: nothing follows. */
static int stream_log_some(struct hvctl *h, struct ration_control_request *q, FILE *file,
                           bool *is_last)
{
	uint32_t count, last = 0;

	do {
		struct link_answer a;
		uint64_t from = 0;
		int status = link_ask(&h->link, q, &a);

		if (status != HVCTL_OK)
			return status;
		if (!ration_control_wire_u64(&a.body, &from) || from != q->from ||
		    !ration_control_wire_u32(&a.body, &last))
			return hvctl_fail("the answer is malformed");
		count = a.body.size - a.body.at;
		q->from += count;
		if (fwrite(a.body.bytes + a.body.at, 1, count, file) != count)
			return hvctl_fail("the log cannot be written: %s", strerror(errno));
	} while (count != 0 && last == 0);
	*is_last = last != 0;
	return HVCTL_OK;
}

/* The log up to now, or as it grows for so long; then it ends. */
static int stream_log(struct hvctl *h)
{
	struct ration_control_request q = { .op = RATION_CONTROL_LOG };
	ration_ns length_ns = 0;
	struct quantity_error error;
	struct output file;
	uint64_t end_ms;
	bool is_last = false;
	int status;

	if (h->option[0] != NULL && !quantity_time(h->option[0], strlen(h->option[0]), &length_ns,
	                                           &error))
		return hvctl_wrong(h, "--for '%.60s' %s", h->option[0], error.what);
	if (!output_open(&file, h->argument[0]))
		return hvctl_fail("'%s': %s", h->argument[0], strerror(errno));
	stream_watch();
	end_ms = stream_now_ms() + length_ns / RATION_NS_PER_MS;
	do {
		status = stream_log_some(h, &q, file.file, &is_last);
		if (status != HVCTL_OK || is_last || stream_now_ms() >= end_ms)
			break;
		(void)poll(NULL, 0, STREAM_PAUSE_MS);
	} while (!stream_is_interrupted);
	q.on = 1;
	while (status == HVCTL_OK && !is_last)
		status = stream_log_some(h, &q, file.file, &is_last);
	if (status != HVCTL_OK)
		output_discard(&file);
	else if (!output_commit(&file))
		status = hvctl_fail("'%s': %s", h->argument[0], strerror(errno));
	return status;
}

const struct hvctl_command hvctl_stream[] = {
	{ "console", "NAME [--follow]", 1, 1, stream_console, { "--follow" } },
	{ "log", "FILE [--for TIME]", 1, 1, stream_log, { "--for=" } },
	{ NULL, NULL, 0, 0, NULL, { NULL } }
};
