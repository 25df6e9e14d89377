/* SPDX-License-Identifier: BSD-2-Clause */
/* hvctl: look at a running hypervisor, and change it, over its control line. */
#include "hvctl.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quantity.h"

#ifndef RATION_VERSION
#define RATION_VERSION "unknown"
#endif

static const char hvctl_usage[] =
"Usage: hvctl --socket PATH [--timeout 10s] COMMAND [ARGUMENT]...\n"
"Look at a running hypervisor, and change it.  PATH is its control line: a Unix\n"
"socket or a serial terminal; else it is taken from HVCTL_SOCKET.\n"
"\n";

static const char hvctl_usage_end[] =
"\n"
"NAME is the name of a domain or its number; CPUS a list such as 0-3,^1 or all.\n"
"Exit: 0 done; 1 refused, or the machine does not answer; 2 bad usage.\n"
"The manual: hvctl(1).\n";

static const struct hvctl_command *const hvctl_tables[] = {
	hvctl_look, hvctl_change, hvctl_stream
};

#define HVCTL_TABLES (sizeof hvctl_tables / sizeof hvctl_tables[0])

/* ---- What is said --------------------------------------------------------- */

static const char *hvctl_present;        /* the command that runs, for hvctl_fail() */

static void hvctl_say(const char *format, va_list arguments)
{
	(void)fflush(stdout);
	(void)fprintf(stderr, hvctl_present != NULL ? "hvctl %s: " : "hvctl: ", hvctl_present);
	(void)vfprintf(stderr, format, arguments);
	(void)fputc('\n', stderr);
}

int hvctl_wrong(const struct hvctl *h, const char *format, ...)
{
	va_list arguments;

	(void)h;
	va_start(arguments, format);
	hvctl_say(format, arguments);
	va_end(arguments);
	return HVCTL_BAD_USAGE;
}

int hvctl_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	hvctl_say(format, arguments);
	va_end(arguments);
	return HVCTL_FAILED;
}

static void hvctl_help(void)
{
	(void)fputs(hvctl_usage, stdout);
	for (size_t i = 0; i < HVCTL_TABLES; i++)
		for (const struct hvctl_command *c = hvctl_tables[i]; c->name != NULL; c++)
			(void)printf("  %s %s\n", c->name, c->usage);
	(void)fputs(hvctl_usage_end, stdout);
}

/* ---- Arguments ------------------------------------------------------------ */

/* Take argument i, and as many more, out. */
static void hvctl_take(struct hvctl *h, int i, int count)
{
	for (h->count -= count; i < h->count; i++)
		h->argument[i] = h->argument[i + count];
}

/* The command's options, wherever they stand among its arguments. */
static int hvctl_options(struct hvctl *h, const struct hvctl_command *command)
{
	for (uint32_t k = 0; k < HVCTL_OPTIONS && command->option[k] != NULL; k++) {
		size_t length = strlen(command->option[k]);
		bool has_value = command->option[k][length - 1] == '=';
		int i = 0;

		length -= has_value;
		while (i < h->count && (strncmp(h->argument[i], command->option[k], length) != 0 ||
		                        h->argument[i][length] != '\0'))
			i++;
		if (i == h->count)
			continue;
		if (has_value && i + 1 == h->count)
			return hvctl_wrong(h, "%s: expected a value", h->argument[i]);
		h->option[k] = h->argument[i + has_value];
		hvctl_take(h, i, 1 + has_value);
	}
	if (h->count < command->least || h->count > command->most)
		return hvctl_wrong(h, "too %s arguments, expected: hvctl %s %s",
		                   h->count < command->least ? "few" : "many", command->name,
		                   command->usage);
	return HVCTL_OK;
}

int hvctl_number(const struct hvctl *h, const char *what, const char *text, uint32_t most,
                 uint32_t *number)
{
	struct quantity_error error;
	uint64_t value;

	if (!quantity_integer(text, strlen(text), &value, &error) || value > most)
		return hvctl_wrong(h, "'%.60s' is no %s, expected 0 to %" PRIu32, text, what, most);
	*number = (uint32_t)value;
	return HVCTL_OK;
}

int hvctl_vcpu(const struct hvctl *h, const char *text, bool all, uint32_t *vcpu)
{
	*vcpu = RATION_CONTROL_ALL;
	if (all && strcmp(text, "all") == 0)
		return HVCTL_OK;
	return hvctl_number(h, "vCPU", text, 65535, vcpu);
}

int hvctl_switch(const struct hvctl *h, const char *text, uint32_t *on)
{
	*on = strcmp(text, "on") == 0;
	if (*on == 0 && strcmp(text, "off") != 0)
		return hvctl_wrong(h, "'%.60s', expected on or off", text);
	return HVCTL_OK;
}

/* ---- Domains -------------------------------------------------------------- */

int hvctl_domains(struct hvctl *h, hvctl_each *each, void *context)
{
	struct ration_control_request q = { .op = RATION_CONTROL_LIST };
	struct ration_control_domain domain;
	int status = HVCTL_OK;
	uint32_t count;

	do {
		struct link_answer a;
		struct ration_control_domain all[RATION_CONTROL_ANSWER_MAX / 64];
		uint32_t i;

		count = 0;
		status = link_ask(&h->link, &q, &a);
		while (status == HVCTL_OK && count < sizeof all / sizeof all[0] &&
		       ration_control_wire_domain(&a.body, &domain))
			all[count++] = domain;
		for (i = 0; i < count && status == HVCTL_OK; i++)
			status = each(h, &all[i], context);
		if (count != 0)
			q.dom = all[count - 1].id + 1;
	} while (status == HVCTL_OK && count != 0 && q.dom != 0);
	return status;
}

struct hvctl_wanted {
	const char *text;
	struct ration_control_domain *domain;
	uint32_t id;
	bool found;
};

static int hvctl_is_wanted(struct hvctl *h, const struct ration_control_domain *domain,
                           void *context)
{
	struct hvctl_wanted *wanted = context;
	bool is_name = strcmp(domain->name, wanted->text) == 0;

	(void)h;
	/* A name goes before a number that looks like it. */
	if (is_name || (!wanted->found && domain->id == wanted->id)) {
		*wanted->domain = *domain;
		wanted->found = true;
	}
	return is_name ? -1 : HVCTL_OK;
}

int hvctl_domain(struct hvctl *h, const char *text, struct ration_control_domain *domain)
{
	struct hvctl_wanted wanted = { text, domain, UINT32_MAX, false };
	struct quantity_error error;
	uint64_t id;
	int status;

	if (quantity_integer(text, strlen(text), &id, &error) && id < UINT32_MAX)
		wanted.id = (uint32_t)id;
	status = hvctl_domains(h, hvctl_is_wanted, &wanted);
	if (status > 0)
		return status;
	if (!wanted.found)
		return hvctl_fail("no domain '%.60s', expected a name or number that `hvctl list` shows",
		                  text);
	return HVCTL_OK;
}

/* ---- Commands ------------------------------------------------------------- */

static const struct hvctl_command *hvctl_find(const char *name)
{
	for (size_t i = 0; i < HVCTL_TABLES; i++)
		for (const struct hvctl_command *c = hvctl_tables[i]; c->name != NULL; c++)
			if (strcmp(c->name, name) == 0)
				return c;
	return NULL;
}

static int hvctl_run(struct hvctl *h, const char *path)
{
	const struct hvctl_command *command = hvctl_find(h->command);
	int status;

	if (command == NULL)
		return hvctl_wrong(h, "no command '%.60s', expected one that `hvctl --help` shows",
		                   h->command);
	hvctl_present = h->command;
	status = hvctl_options(h, command);
	if (status != HVCTL_OK)
		return status;
	if (path == NULL)
		return hvctl_wrong(h, "expected --socket PATH, or HVCTL_SOCKET");
	status = link_open(&h->link, path);
	if (status == HVCTL_OK)
		status = command->run(h);
	link_close(&h->link);
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == HVCTL_OK)
		return hvctl_fail("standard output cannot be written");
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "timeout", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	static struct hvctl h;
	const char *path = getenv("HVCTL_SOCKET");
	ration_ns timeout_ns = 10 * RATION_NS_PER_S;
	struct quantity_error error;
	int option;

	(void)signal(SIGPIPE, SIG_IGN);
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:s:t:hV", options, NULL)) != -1) {
		if (option == 's')
			path = optarg;
		else if (option == 't' && (!quantity_time(optarg, strlen(optarg), &timeout_ns, &error) ||
		                           timeout_ns < 10 * RATION_NS_PER_MS ||
		                           timeout_ns > 3600 * RATION_NS_PER_S))
			return hvctl_wrong(&h, "--timeout '%.60s', expected 10ms to 1h", optarg);
		else if (option == 'h')
			return hvctl_help(), HVCTL_OK;
		else if (option == 'V')
			return puts("hvctl " RATION_VERSION), HVCTL_OK;
		else if (option == ':')
			return hvctl_wrong(&h, "%s: expected a value", argv[optind - 1]);
		else if (option == '?')
			return hvctl_wrong(&h, "no option %s, expected one that --help shows",
			                   argv[optind - 1]);
	}
	if (optind == argc)
		return hvctl_wrong(&h, "expected a command; `hvctl --help` lists them");
	h.command = argv[optind];
	h.argument = argv + optind + 1;
	h.count = argc - optind - 1;
	h.link.timeout_ms = (int)(timeout_ns / RATION_NS_PER_MS);
	return hvctl_run(&h, path);
}
