/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace.h"
#include "allocate.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define TID_MACHINE 1000u      /* the track of what happens to no CPU in particular */
#define NAME_MAX_BYTES 128u    /* of a domain's name, in the file */

struct trace_cpu {
	const char *domain;        /* NULL: idle */
	uint32_t idx;
	ration_ns from_ns, waited_ns;
};

struct trace {
	FILE *json, *log;
	ration_ns from_ns, to_ns;
	uint64_t size;
	bool is_full;
	struct trace_cpu cpu[RATION_CPU_MAX];
	uint32_t cpu_count;
};

__attribute__((format(printf, 2, 3)))
static void trace_print(struct trace *t, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vfprintf(t->json, format, arguments);
	va_end(arguments);
	if (length > 0)
		t->size += (uint64_t)length;
}

/* As the inside of a JSON string. */
static void trace_text(struct trace *t, const char *text)
{
	uint32_t i;

	for (i = 0; text[i] != '\0' && i < NAME_MAX_BYTES; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (byte >= 0x7f)
			trace_print(t, "?");
		else if (byte < 0x20)
			trace_print(t, "\\u%04x", byte);
		else if (byte == '"' || byte == '\\')
			trace_print(t, "\\%c", byte);
		else
			trace_print(t, "%c", byte);
	}
}

/* Us with three decimals. */
static void trace_time(struct trace *t, const char *key, ration_ns ns)
{
	trace_print(t, ",\"%s\":%" PRIu64 ".%03" PRIu64, key, (uint64_t)(ns / RATION_NS_PER_US),
	            (uint64_t)(ns % RATION_NS_PER_US));
}

static void trace_track(struct trace *t, uint32_t tid, uint32_t order, const char *name)
{
	trace_print(t, ",\n{\"ph\":\"M\",\"pid\":1,\"tid\":%u,\"name\":\"thread_name\","
	               "\"args\":{\"name\":\"%s\"}}", tid, name);
	trace_print(t, ",\n{\"ph\":\"M\",\"pid\":1,\"tid\":%u,\"name\":\"thread_sort_index\","
	               "\"args\":{\"sort_index\":%u}}", tid, order);
}

static void trace_head(struct trace *t, const char *machine)
{
	char name[16];
	uint32_t i;

	trace_print(t, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n"
	               "{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":\"");
	trace_text(t, machine);
	trace_print(t, "\"}}");
	trace_track(t, TID_MACHINE, 0, "machine");
	for (i = 0; i < t->cpu_count; i++) {
		(void)snprintf(name, sizeof name, "CPU %u", i);
		trace_track(t, i + 1, i + 1, name);
	}
}

struct trace *trace_open(const struct sim_options *options, const char *machine,
                         uint32_t cpu_count)
{
	struct trace *t;

	if (options->trace == NULL && options->log == NULL)
		return NULL;
	t = allocate(1, sizeof *t);
	t->json = options->trace;
	t->log = options->log;
	t->from_ns = options->trace_from_ns;
	t->to_ns = options->trace_to_ns;
	t->cpu_count = cpu_count;
	if (t->json != NULL)
		trace_head(t, machine);
	return t;
}

/* Is there room for one more?  The first time that there is not, it says so. */
static bool trace_has_room(struct trace *t, ration_ns now_ns)
{
	if (t->size < TRACE_SIZE_MAX)
		return true;
	if (!t->is_full) {
		t->is_full = true;
		trace_print(t, ",\n{\"ph\":\"i\",\"s\":\"g\",\"pid\":1,\"tid\":%u,"
		               "\"name\":\"the trace is full and ends here\"", TID_MACHINE);
		trace_time(t, "ts", now_ns);
		trace_print(t, "}");
	}
	return false;
}

/* What ran on CPU c ran until now. */
static void trace_interval(struct trace *t, ration_ns now_ns, ration_cpu c)
{
	const struct trace_cpu *cpu = &t->cpu[c];
	ration_ns from_ns = cpu->from_ns > t->from_ns ? cpu->from_ns : t->from_ns;
	ration_ns to_ns = now_ns < t->to_ns ? now_ns : t->to_ns;

	if (t->json == NULL || from_ns >= to_ns || !trace_has_room(t, now_ns))
		return;
	trace_print(t, ",\n{\"ph\":\"X\",\"pid\":1,\"tid\":%u,\"name\":\"", c + 1);
	trace_text(t, cpu->domain);
	trace_print(t, "/v%u\"", cpu->idx);
	trace_time(t, "ts", from_ns);
	trace_time(t, "dur", to_ns - from_ns);
	trace_print(t, ",\"args\":{\"waited_ns\":%" PRIu64 "}}", cpu->waited_ns);
}

static void trace_line(struct trace *t, ration_ns now_ns, ration_cpu c, const char *what)
{
	if (c == RATION_CPU_NONE)
		fprintf(t->log, "%14" PRIu64 "   -  %s", now_ns, what);
	else
		fprintf(t->log, "%14" PRIu64 " %3u  %s", now_ns, c, what);
}

void trace_start(struct trace *t, ration_ns now_ns, ration_cpu c, const char *domain,
                 uint32_t idx, ration_ns since_ns)
{
	struct trace_cpu *cpu = &t->cpu[c];

	assert(c < t->cpu_count && cpu->domain == NULL);
	cpu->domain = domain;
	cpu->idx = idx;
	cpu->from_ns = now_ns;
	cpu->waited_ns = now_ns - since_ns;
	if (t->log != NULL) {
		trace_line(t, now_ns, c, "run");
		fprintf(t->log, " %s/v%u\n", domain, idx);
	}
}

void trace_again(struct trace *t, ration_ns now_ns, ration_cpu c)
{
	const struct trace_cpu *cpu = &t->cpu[c];

	if (t->log != NULL) {
		trace_line(t, now_ns, c, "again");
		fprintf(t->log, " %s/v%u\n", cpu->domain, cpu->idx);
	}
}

void trace_stop(struct trace *t, ration_ns now_ns, ration_cpu c)
{
	struct trace_cpu *cpu = &t->cpu[c];

	trace_interval(t, now_ns, c);
	if (t->log != NULL) {
		trace_line(t, now_ns, c, "stop");
		fprintf(t->log, " %s/v%u\n", cpu->domain, cpu->idx);
	}
	cpu->domain = NULL;
}

static void trace_instant(struct trace *t, ration_ns now_ns, ration_cpu c, const char *what,
                          const char *domain, uint32_t idx)
{
	if (now_ns < t->from_ns || now_ns >= t->to_ns || !trace_has_room(t, now_ns))
		return;
	trace_print(t, ",\n{\"ph\":\"i\",\"s\":\"t\",\"pid\":1,\"tid\":%u,\"name\":\"",
	            c == RATION_CPU_NONE ? TID_MACHINE : c + 1);
	trace_text(t, what);
	if (domain != NULL) {
		trace_print(t, " ");
		trace_text(t, domain);
	}
	if (idx != UINT32_MAX)
		trace_print(t, "/v%u", idx);
	trace_print(t, "\"");
	trace_time(t, "ts", now_ns);
	trace_print(t, "}");
}

void trace_note(struct trace *t, ration_ns now_ns, ration_cpu c, const char *what,
                const char *domain, uint32_t idx)
{
	if (t->json != NULL)
		trace_instant(t, now_ns, c, what, domain, idx);
	if (t->log == NULL)
		return;
	trace_line(t, now_ns, c, what);
	if (domain != NULL)
		fprintf(t->log, " %s", domain);
	if (idx != UINT32_MAX)
		fprintf(t->log, "/v%u", idx);
	fputc('\n', t->log);
}

void trace_close(struct trace *t, ration_ns now_ns)
{
	uint32_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->cpu_count; i++)
		if (t->cpu[i].domain != NULL)
			trace_interval(t, now_ns, i);
	if (t->json != NULL)
		trace_print(t, "\n]}\n");
	free(t);
}
