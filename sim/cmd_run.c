/* SPDX-License-Identifier: BSD-2-Clause */
/* ration run: simulate a scenario. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "command.h"
#include "entitled.h"
#include "quantity.h"
#include "report.h"

#ifndef RATION_VERSION
#define RATION_VERSION "unknown"
#endif

static const char run_usage[] =
"Usage: ration run [OPTION]... SCENARIO\n"
"Simulate the virtual machines of SCENARIO, a YAML file (\"-\": standard input), on\n"
"its server, and print what each of them got.\n"
"\n"
"  --policy NAME           credit, sedf or rr, in place of the scenario's; several\n"
"                          (or NAME,NAME) are run one by one and set side by side\n"
"  --topology SPEC         another machine: \"pack:2 core:8 pu:2\", a file that lstopo\n"
"                          saved, or \"this\"\n"
"  --seed N                another seed\n"
"  --time 10s              another length\n"
"  --json FILE             write the results as JSON; \"-\" writes them, alone, to\n"
"                          standard output\n"
"  --trace FILE            write a trace that ui.perfetto.dev opens\n"
"  --trace-window 1s..2s   only this part of the run\n"
"  --record FILE           record every call of the scheduler, for ration replay\n"
"  --check                 check every invariant of the scheduler after every event\n"
"  --no-progress           no progress bar\n"
"  -h, --help              print this\n"
"\n"
"Exit: 0 done; 1 failed; 2 bad input, or the domains cannot all be admitted.\n"
"The manual: ration(1), ration-scenario(5).\n";

enum {
	OPTION_POLICY = 256, OPTION_TOPOLOGY, OPTION_SEED, OPTION_TIME, OPTION_JSON, OPTION_TRACE,
	OPTION_WINDOW, OPTION_RECORD, OPTION_CHECK, OPTION_NO_PROGRESS
};

static const struct option run_options[] = {
	{ "policy", required_argument, NULL, OPTION_POLICY },
	{ "topology", required_argument, NULL, OPTION_TOPOLOGY },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "time", required_argument, NULL, OPTION_TIME },
	{ "json", required_argument, NULL, OPTION_JSON },
	{ "trace", required_argument, NULL, OPTION_TRACE },
	{ "trace-window", required_argument, NULL, OPTION_WINDOW },
	{ "record", required_argument, NULL, OPTION_RECORD },
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "no-progress", no_argument, NULL, OPTION_NO_PROGRESS },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

struct run {
	struct scenario_options options;
	struct command_policies policies;
	const char *json_path, *trace_path, *record_path;
	ration_ns trace_from_ns, trace_to_ns;
	bool check, progress, help;

	struct output json, trace, record;
	struct scenario scenario;
	struct sim_result *result;       /* one for each policy */
	uint32_t result_count;
};

/* ---- Options ---------------------------------------------------------- */

static bool run_time(const char *text, struct run *run)
{
	if (!command_time("run", "--time", text, &run->options.time_ns))
		return false;
	if (run->options.time_ns >= RATION_NS_PER_US)
		return true;
	(void)command_wrong("run", "--time '%.60s' is too short, expected at least 1us", text);
	return false;
}

static bool run_option(int option, struct run *run)
{
	switch (option) {
	case OPTION_POLICY:
		return command_policy("run", optarg, &run->policies);
	case OPTION_TOPOLOGY:
		return command_topology("run", optarg, &run->options);
	case OPTION_SEED:
		return command_seed("run", optarg, &run->options);
	case OPTION_TIME:
		return run_time(optarg, run);
	case OPTION_JSON:
		run->json_path = optarg;
		return true;
	case OPTION_TRACE:
		run->trace_path = optarg;
		return true;
	case OPTION_WINDOW:
		return command_window("run", optarg, &run->trace_from_ns, &run->trace_to_ns);
	case OPTION_RECORD:
		run->record_path = optarg;
		return true;
	case OPTION_CHECK:
		run->check = true;
		return true;
	case OPTION_NO_PROGRESS:
		run->progress = false;
		return true;
	case 'h':
		run->help = true;
		return true;
	default:
		return false;
	}
}

static bool run_options_fit(const struct run *run)
{
	const char *alone = run->trace_path != NULL ? "--trace" : "--record";

	if (run->trace_to_ns != 0 && run->trace_path == NULL)
		(void)command_wrong("run", "--trace-window without --trace, expected both");
	else if ((run->trace_path != NULL || run->record_path != NULL) && run->policies.count > 1)
		(void)command_wrong("run", "%s with %" PRIu32 " policies, expected one", alone,
		                    run->policies.count);
	else
		return !command_clash("run", "--trace", run->trace_path, "--json", run->json_path) &&
		       !command_clash("run", "--record", run->record_path, "--json", run->json_path) &&
		       !command_clash("run", "--record", run->record_path, "--trace", run->trace_path);
	return false;
}

/* ---- Running ---------------------------------------------------------- */

/* One policy; what went wrong is said. */
static int run_policy(struct run *run, const struct ration_policy *policy)
{
	struct sim_result *result = &run->result[run->result_count++];
	struct sim_options options;
	int status;

	memset(&options, 0, sizeof(options));
	options.check = run->check;
	options.trace = run->trace.file;
	options.record = run->record.file;
	options.record_writer = "ration run " RATION_VERSION;
	options.trace_from_ns = run->trace_from_ns;
	options.trace_to_ns = run->trace_to_ns != 0 ? run->trace_to_ns : run->scenario.time_ns;
	status = command_simulate("run", &run->scenario, policy, &options, run->progress, result);
	if (status != COMMAND_BAD_INPUT)
		entitled_over_run(&run->scenario, result);
	return status;
}

static int run_report(struct run *run)
{
	struct page page = page_of(stdout);
	json_t *document;
	bool alone = run->json.file == stdout || run->trace.file == stdout ||
	             run->record.file == stdout;
	bool written = true;

	if (run->json.file != NULL) {
		document = report_json_runs(&run->scenario, run->result, run->result_count);
		written = report_json_write(document, run->json.file);
		json_decref(document);
	}
	if (!written)
		(void)command_wrong("run", "--json: %s: cannot write: %s", run->json.path,
		                    strerror(errno));
	if (!written || !command_commit("run", "--json", &run->json) ||
	    !command_commit("run", "--trace", &run->trace) ||
	    !command_commit("run", "--record", &run->record))
		return COMMAND_FAILED;
	if (alone)
		return COMMAND_OK;
	if (run->result_count == 1)
		report_run(&page, &run->scenario, &run->result[0]);
	else
		report_compare(&page, &run->scenario, run->result, run->result_count);
	return COMMAND_OK;
}

static int run_scenario(struct run *run)
{
	int status = COMMAND_OK, reported;

	if (run->policies.count == 0)
		run->policies.policy[run->policies.count++] = run->scenario.policy;
	run->result = allocate(run->policies.count, sizeof(*run->result));
	for (uint32_t k = 0; k < run->policies.count && status != COMMAND_BAD_INPUT; k++) {
		int one = run_policy(run, run->policies.policy[k]);

		status = one > status ? one : status;
	}
	if (status == COMMAND_BAD_INPUT)
		return status;
	reported = run_report(run);
	return reported > status ? reported : status;
}

/* Outputs are opened before the run: an hour of it for a file that cannot be
 * written would be an hour lost. */
static int run_all(struct run *run, const char *path)
{
	struct diagnostics errors = { stderr, 0 };
	int status = COMMAND_BAD_INPUT;

	if (run->policies.count != 0)
		run->options.policy = run->policies.policy[0];
	if (!scenario_read(path, &run->options, &run->scenario, &errors))
		return status;
	if (command_open("run", "--json", run->json_path, &run->json) &&
	    command_open("run", "--trace", run->trace_path, &run->trace) &&
	    command_open("run", "--record", run->record_path, &run->record))
		status = run_scenario(run);
	output_discard(&run->json);
	output_discard(&run->trace);
	output_discard(&run->record);
	for (uint32_t k = 0; k < run->result_count; k++)
		sim_result_free(&run->result[k]);
	free(run->result);
	scenario_free(&run->scenario);
	return status;
}

int cmd_run(int argc, char **argv)
{
	struct run run;
	const char *path;
	int option, status = COMMAND_BAD_INPUT;
	bool ok = true;

	memset(&run, 0, sizeof(run));
	run.progress = true;
	while (ok && !run.help && (option = command_option(argc, argv, run_options)) != -1)
		ok = run_option(option, &run);
	if (run.help) {
		fputs(run_usage, stdout);
		status = COMMAND_OK;
	} else if (ok && run_options_fit(&run)) {
		path = command_scenario(argc, argv);
		if (path != NULL)
			status = run_all(&run, path);
	}
	command_topology_free(&run.options);
	return command_finish("run", status);
}
