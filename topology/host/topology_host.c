/* SPDX-License-Identifier: BSD-2-Clause */
/* topology_host.c - what a SPEC is, and whom to ask about it. */
#include "topology_host.h"

#include <ctype.h>
#include <errno.h>
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host_model.h"
#include "host_trial.h"
#include "host_xml.h"
#include "input.h"

/* Long enough for any sensible string, short enough for a line. */
#define QUOTED_MAX 100

#define HOST_EXPECTED_STRING "a string such as \"pack:1 core:4 pu:2\", or this"
#define HOST_EXPECTED_SPEC   "a file that lstopo saved, " HOST_EXPECTED_STRING

/* Control characters of outside text must not reach a terminal, and a message
 * is one line. */
static void host_clean(char *message)
{
	for (; *message != '\0'; message++)
		if (iscntrl((unsigned char)*message))
			*message = '?';
}

/* --- what a SPEC is ------------------------------------------------------------ */

static bool host_is_file(const char *spec)
{
	struct stat status;

	return stat(spec, &status) == 0;
}

/* A text that is no file and looks like levels: "pack:2 core:4", "[numa] ...". */
static bool host_is_synthetic(const char *spec)
{
	size_t word = strspn(spec, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
	size_t length = strlen(spec);

	if (host_is_file(spec) || strchr(spec, ':') == NULL)
		return false;
	if (length >= 4 && strcmp(spec + length - 4, ".xml") == 0)
		return false;
	return strchr("([ :", spec[word]) != NULL;
}

/* --- loading -------------------------------------------------------------------- */

static void host_reset(struct topology_host *out)
{
	memset(out, 0, sizeof(*out));
	for (uint32_t c = 0; c < RATION_TOPOLOGY_CPU_MAX; c++)
		out->os_index[c] = TOPOLOGY_HOST_UNKNOWN;
	for (uint32_t n = 0; n < RATION_TOPOLOGY_NODE_MAX; n++)
		out->node_os_index[n] = TOPOLOGY_HOST_UNKNOWN;
}

static bool host_open(struct topology_host *out)
{
	/* hwloc reports what it thinks of a machine on standard error. */
	(void)setenv("HWLOC_HIDE_ERRORS", "2", 0);
	if (hwloc_topology_init(&out->hwloc) == 0)
		return true;
	out->hwloc = NULL;
	return false;
}

static bool host_load_this(struct topology_host *out, char *message, size_t size)
{
	char reason[TOPOLOGY_HOST_MESSAGE_SIZE];

	/* CPUs that this process may not use are CPUs of the machine all the same. */
	if (!host_open(out) ||
	    hwloc_topology_set_flags(out->hwloc, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) != 0 ||
	    hwloc_topology_load(out->hwloc) != 0) {
		(void)snprintf(message, size, "this machine: hwloc cannot read it (%s), expected "
		               "a readable /sys", strerror(errno));
		return false;
	}
	if (!host_model_build(out, reason)) {
		(void)snprintf(message, size, "this machine: %s", reason);
		return false;
	}
	host_numa_fill(out, !host_distance_fill(out));
	return true;
}

/* An XML text, and the machine to be made of it. */
struct host_xml_load {
	const struct input *text;
	struct topology_host *out;
	char *reason;
	bool with_export;
};

static bool host_load_xml(void *context)
{
	struct host_xml_load *load = (struct host_xml_load *)context;
	struct topology_host *out = load->out;

	if (host_open(out) &&
	    hwloc_topology_set_flags(out->hwloc, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) == 0 &&
	    hwloc_topology_set_xmlbuffer(out->hwloc, load->text->data,
	                                    (int)load->text->length + 1) == 0 &&
	    hwloc_topology_load(out->hwloc) == 0) {
		if (load->with_export)
			free(topology_host_xml(out));
		return host_model_build(out, load->reason);
	}
	(void)snprintf(load->reason, TOPOLOGY_HOST_MESSAGE_SIZE, "hwloc cannot make a machine "
	               "of it, expected a topology that `lstopo FILE.xml` saved");
	return false;
}

/* Read XML text that host_xml_check() has passed; all that hwloc will be asked
 * about it is asked in a trial first. */
static bool host_load_text(const struct input *text, struct topology_host *out, char *reason)
{
	struct host_xml_load load = { .text = text, .out = out, .reason = reason };

	load.with_export = true;
	if (!host_trial(host_load_xml, &load)) {
		(void)snprintf(reason, TOPOLOGY_HOST_MESSAGE_SIZE, "hwloc fails on its contents, "
		               "expected a topology that `lstopo FILE.xml` saved");
		return false;
	}
	load.with_export = false;
	return host_load_xml(&load);
}

static bool host_load_file(const char *path, struct topology_host *out, char *message,
                           size_t size)
{
	char reason[TOPOLOGY_HOST_MESSAGE_SIZE];
	struct host_xml_fault fault;
	struct input text;
	bool ok = false;

	if (!input_read(path, &text, reason)) {
		(void)snprintf(message, size, "%.*s: %s%s", QUOTED_MAX * 2, path, reason,
		               host_is_file(path) ? "" : " that lstopo saved, or "
		               HOST_EXPECTED_STRING);
		return false;
	}
	if (!host_xml_check(text.data, text.length, &fault)) {
		if (fault.line > 0)
			(void)snprintf(message, size, "%.*s:%lu:%lu: %s", QUOTED_MAX * 2, path,
			               fault.line, fault.column, fault.what);
		else
			(void)snprintf(message, size, "%.*s: %s", QUOTED_MAX * 2, path, fault.what);
	} else {
		ok = host_load_text(&text, out, reason);
		if (!ok)
			(void)snprintf(message, size, "%.*s: %s", QUOTED_MAX * 2, path, reason);
	}
	input_free(&text);
	return ok;
}

/* --- synthetic strings ------------------------------------------------------------ */

static bool host_is_equal(const struct ration_topology *a, const struct ration_topology *b)
{
	if (a->cpu_count != b->cpu_count || a->node_count != b->node_count)
		return false;
	for (uint32_t c = 0; c < a->cpu_count; c++)
		if (a->cpu[c].core != b->cpu[c].core || a->cpu[c].llc != b->cpu[c].llc ||
		    a->cpu[c].package != b->cpu[c].package || a->cpu[c].node != b->cpu[c].node)
			return false;
	return true;
}

/* hwloc invents a gigabyte a node where the string says nothing of memory. */
static void host_forget_memory(struct topology_host *out)
{
	for (uint32_t n = 0; n < out->model.node_count; n++) {
		hwloc_obj_t node = hwloc_get_obj_by_type(out->hwloc, HWLOC_OBJ_NUMANODE, n);

		node->attr->numanode.local_memory = 0;
		for (unsigned i = 0; i < node->attr->numanode.page_types_len; i++)
			node->attr->numanode.page_types[i].count = 0;
		out->node_memory[n] = 0;
	}
}

/* Let hwloc build the machine of a string: for the operating system's numbers,
 * memory and the export.  It must be the machine that the model says. */
static bool host_load_string(const char *text, const struct ration_topology *model,
                             struct topology_host *out)
{
	char reason[TOPOLOGY_HOST_MESSAGE_SIZE];

	host_reset(out);
	if (host_open(out) && hwloc_topology_set_synthetic(out->hwloc, text) == 0 &&
	    hwloc_topology_load(out->hwloc) == 0 && host_model_build(out, reason) &&
	    host_is_equal(&out->model, model)) {
		if (strstr(text, "memory=") == NULL)
			host_forget_memory(out);
		return true;
	}
	topology_host_fini(out);
	return false;
}

static bool host_load_synthetic(const char *spec, struct topology_host *out, char *message,
                                size_t size)
{
	struct ration_topology_error error;
	struct ration_topology model;
	char plain[256];
	int quoted = (int)strlen(spec);
	const char *more = quoted > QUOTED_MAX ? "..." : "";
	int status = ration_topology_parse(spec, strlen(spec), &model, &error);

	if (quoted > QUOTED_MAX)
		quoted = QUOTED_MAX;
	if (status != RATION_OK) {
		(void)snprintf(message, size, "\"%.*s%s\":1:%zu: %s, expected %s", quoted, spec,
		               more, error.offset + 1,
		               status == RATION_E_RANGE ? "too much" : "not a synthetic topology",
		               error.expected);
		return false;
	}
	/* The plain form says the same without attributes, for what hwloc does not
	 * take: "thread", or indexes that name a CPU twice. */
	if (host_load_string(spec, &model, out) ||
	    (ration_topology_format(&model, plain, sizeof(plain)) > 0 &&
	        host_load_string(plain, &model, out)))
		return true;
	(void)snprintf(message, size, "\"%.*s%s\": hwloc sees another machine in it, expected "
	               "levels such as pack:2 l3:1 core:4 pu:2", quoted, spec, more);
	return false;
}

/* --- the public part ----------------------------------------------------------------- */

bool topology_host_load(const char *spec, struct topology_host *out,
                        char *message, size_t message_size)
{
	bool ok = false;

	host_reset(out);
	message[0] = '\0';
	if (spec[0] == '\0')
		(void)snprintf(message, message_size, "nothing where a machine should be named, "
		               "expected " HOST_EXPECTED_SPEC);
	else if (strcmp(spec, "this") == 0)
		ok = host_load_this(out, message, message_size);
	else if (host_is_synthetic(spec))
		ok = host_load_synthetic(spec, out, message, message_size);
	else
		ok = host_load_file(spec, out, message, message_size);
	if (!ok)
		topology_host_fini(out);
	host_clean(message);
	return ok;
}

void topology_host_fini(struct topology_host *host)
{
	if (host->hwloc != NULL)
		hwloc_topology_destroy(host->hwloc);
	host->hwloc = NULL;
}

char *topology_host_xml(const struct topology_host *host)
{
	char *buffer, *copy;
	int length;

	if (host->hwloc == NULL ||
	    hwloc_topology_export_xmlbuffer(host->hwloc, &buffer, &length, 0) != 0)
		return NULL;
	copy = strdup(buffer);
	hwloc_free_xmlbuffer(host->hwloc, buffer);
	return copy;
}
