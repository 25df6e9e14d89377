/* SPDX-License-Identifier: BSD-2-Clause */
#define _POSIX_C_SOURCE 200809L
#include "command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "progress.h"
#include "quantity.h"
#include "report.h"
#include "topology_host.h"

#define OPTIONS_MAX 24u

/* A program of its own has its whole name: "ration-threads". */
static const char *command_prefix(const char *command)
{
	return strncmp(command, "ration", strlen("ration")) == 0 ? "" : "ration ";
}

int command_wrong(const char *command, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "%s%s: ", command_prefix(command), command);
	va_start(arguments, format);
	(void)vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return COMMAND_BAD_INPUT;
}

static void command_option_unknown(const char *command, const char *given,
                                   const struct option *options)
{
	const char *names[OPTIONS_MAX];
	char word[32] = "";
	const char *near;
	size_t count = 0;

	while (count < OPTIONS_MAX && options[count].name != NULL) {
		names[count] = options[count].name;
		count++;
	}
	if (strncmp(given, "--", 2) == 0 && strcspn(given + 2, "=") < sizeof(word))
		memcpy(word, given + 2, strcspn(given + 2, "="));
	near = suggest(word, names, count);
	if (near != NULL)
		(void)command_wrong(command, "there is no option '%s' (did you mean '--%s'?), "
		                    "expected what '%s%s --help' lists", given, near,
		                    command_prefix(command), command);
	else
		(void)command_wrong(command, "there is no option '%s', expected what "
		                    "'%s%s --help' lists", given, command_prefix(command), command);
}

/* The name of the option whose letter is `value`. */
static const char *command_option_name(const struct option *options, int value)
{
	while (options->name != NULL && options->val != value)
		options++;
	return options->name != NULL ? options->name : "?";
}

int command_option(int argc, char **argv, const struct option *options)
{
	int before = optind, option;

	opterr = 0;
	option = getopt_long(argc, argv, ":h", options, NULL);
	if (option == ':') {
		(void)command_wrong(argv[0], "option '--%s' has no value, expected one; see "
		                    "'%s%s --help'", command_option_name(options, optopt),
		                    command_prefix(argv[0]), argv[0]);
		return '?';
	}
	if (option == '?' && optopt != 0 && strchr(argv[optind - 1], '=') != NULL)
		(void)command_wrong(argv[0], "option '--%s' takes no value, expected it alone",
		                    command_option_name(options, optopt));
	else if (option == '?')
		command_option_unknown(argv[0], argv[optind > before ? optind - 1 : before],
		                       options);
	return option;
}

const char *command_scenario(int argc, char **argv)
{
	if (optind >= argc) {
		(void)command_wrong(argv[0], "no scenario, expected '%s%s SCENARIO'; see "
		                    "'%s%s --help'", command_prefix(argv[0]), argv[0],
		                    command_prefix(argv[0]), argv[0]);
		return NULL;
	}
	if (optind + 1 < argc) {
		(void)command_wrong(argv[0], "'%s' behind the scenario, expected one scenario",
		                    argv[optind + 1]);
		return NULL;
	}
	return argv[optind];
}

bool command_time(const char *command, const char *name, const char *text, ration_ns *ns)
{
	struct quantity_error error;

	if (quantity_time(text, strlen(text), ns, &error))
		return true;
	(void)command_wrong(command, "%s '%.60s' %s", name, text, error.what);
	return false;
}

bool command_window(const char *command, const char *text, ration_ns *from_ns, ration_ns *to_ns)
{
	const char *dots = strstr(text, "..");
	char from[64] = "";

	if (dots == NULL || (size_t)(dots - text) >= sizeof(from)) {
		(void)command_wrong(command, "--trace-window '%.60s' is no window, expected two "
		                    "times such as 1s..2s", text);
		return false;
	}
	memcpy(from, text, (size_t)(dots - text));
	if (!command_time(command, "--trace-window", from, from_ns) ||
	    !command_time(command, "--trace-window", dots + 2, to_ns))
		return false;
	if (*from_ns < *to_ns)
		return true;
	(void)command_wrong(command, "--trace-window '%.60s' ends before it begins, expected two "
	                    "times such as 1s..2s", text);
	return false;
}

bool command_seed(const char *command, const char *text, struct scenario_options *options)
{
	struct quantity_error error;

	options->seed_given = true;
	if (quantity_integer(text, strlen(text), &options->seed, &error))
		return true;
	(void)command_wrong(command, "--seed '%.60s' %s", text, error.what);
	return false;
}

static bool command_policy_one(const char *command, const char *name,
                               struct command_policies *policies)
{
	const struct ration_policy *policy = scenario_policy_find(name);
	const char *names[COMMAND_POLICY_MAX];
	const char *near;
	uint32_t i;

	for (i = 0; i < scenario_policy_count && i < COMMAND_POLICY_MAX; i++)
		names[i] = ration_policy_name(scenario_policies[i]);
	if (policy == NULL) {
		near = suggest(name, names, i);
		(void)command_wrong(command, "there is no policy '%.60s', expected credit, sedf or "
		                    "rr%s%s%s", name, near != NULL ? " (did you mean '" : "",
		                    near != NULL ? near : "", near != NULL ? "'?)" : "");
		return false;
	}
	for (i = 0; i < policies->count; i++)
		if (policies->policy[i] == policy) {
			(void)command_wrong(command, "policy '%s' is given twice, expected it once",
			                    name);
			return false;
		}
	policies->policy[policies->count++] = policy;
	return true;
}

bool command_policy(const char *command, const char *text, struct command_policies *policies)
{
	char *names = allocate_text(text, strlen(text)), *rest = names, *end;
	bool ok = true;

	/* no more than there are policies, since none comes twice */
	while (ok && rest != NULL) {
		end = strchr(rest, ',');
		if (end != NULL)
			*end = '\0';
		ok = command_policy_one(command, rest, policies);
		rest = end != NULL ? end + 1 : NULL;
	}
	free(names);
	return ok;
}

bool command_policy_single(const char *command, const char *text,
                           struct command_policies *policies)
{
	if (!command_policy(command, text, policies))
		return false;
	if (policies->count == 1)
		return true;
	(void)command_wrong(command, "several policies, expected one");
	return false;
}

bool command_clash(const char *command, const char *a, const char *a_path, const char *b,
                   const char *b_path)
{
	if (a_path == NULL || b_path == NULL || strcmp(a_path, b_path) != 0)
		return false;
	(void)command_wrong(command, "%s and %s into '%s', expected two files", a, b, a_path);
	return true;
}

int command_simulate(const char *command, struct scenario *s, const struct ration_policy *policy,
                     struct sim_options *options, bool progress, struct sim_result *result)
{
	const char *name = ration_policy_name(policy);
	struct diagnostics errors = { stderr, 0 };
	struct progress bar;
	bool admitted;

	options->progress = progress_step;
	options->progress_context = &bar;
	s->policy = policy;
	progress_begin(&bar, name, s->time_ns, progress);
	admitted = sim_run(s, options, result);
	progress_end(&bar);
	if (!admitted) {
		diagnostics_error(&errors, result->refusal[0].mark, "%s", result->refusal[0].text);
		return COMMAND_BAD_INPUT;
	}
	report_warn(stderr, s, policy);
	if (result->broken != NULL)
		(void)command_wrong(command, "broken invariant under %s: %s", name, result->broken);
	if (result->refused_decisions != 0)
		(void)command_wrong(command, "the core refused %" PRIu64 " decisions of %s",
		                    result->refused_decisions, name);
	return result->broken != NULL || result->refused_decisions != 0 ? COMMAND_FAILED :
	       COMMAND_OK;
}

bool command_topology(const char *command, const char *spec, struct scenario_options *options)
{
	struct topology_host *host = allocate(1, sizeof(*host));
	struct ration_topology *model;
	char message[TOPOLOGY_HOST_MESSAGE_SIZE];

	command_topology_free(options);
	if (!topology_host_load(spec, host, message, sizeof(message))) {
		(void)command_wrong(command, "--topology: %s", message);
		free(host);
		return false;
	}
	model = allocate(1, sizeof(*model));
	*model = host->model;
	topology_host_fini(host);
	free(host);
	options->topology = model;
	options->topology_name = spec;
	return true;
}

void command_topology_free(struct scenario_options *options)
{
	union {
		const struct ration_topology *constant;
		void *memory;
	} topology = { options->topology };

	free(topology.memory);
	options->topology = NULL;
}

bool command_open(const char *command, const char *option, const char *path,
                  struct output *output)
{
	if (path == NULL || output_open(output, path))
		return true;
	(void)command_wrong(command, "%s: %s: cannot write: %s, expected a place to write to",
	                    option, path, strerror(errno));
	return false;
}

bool command_commit(const char *command, const char *option, struct output *output)
{
	char *path;
	bool ok;

	if (output->file == NULL)
		return true;
	path = allocate_text(output->path, strlen(output->path));
	ok = output_commit(output);
	if (!ok)
		(void)command_wrong(command, "%s: %s: cannot write: %s", option, path,
		                    strerror(errno));
	free(path);
	return ok;
}

int command_finish(const char *command, int status)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "%s%s: cannot write standard output: %s\n",
		        command_prefix(command), command, strerror(errno));
		return COMMAND_FAILED;
	}
	return status;
}
