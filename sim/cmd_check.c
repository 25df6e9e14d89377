/* SPDX-License-Identifier: BSD-2-Clause */
/* ration check: is a scenario valid, and what would run? */
#include <string.h>

#include "command.h"
#include "report.h"

static const char check_usage[] =
"Usage: ration check [OPTION]... SCENARIO\n"
"Read SCENARIO with all that it names, see whether its domains can be admitted at\n"
"time 0, and print what 'ration run' would simulate.\n"
"\n"
"  --policy NAME     credit, sedf or rr, in place of the scenario's\n"
"  --topology SPEC   another machine: \"pack:2 core:8 pu:2\", a file that lstopo saved,\n"
"                    or \"this\"\n"
"  --quiet           print nothing where all is well\n"
"  -h, --help        print this\n"
"\n"
"Exit: 0 valid; 2 not.\n";

enum { OPTION_POLICY = 256, OPTION_TOPOLOGY, OPTION_QUIET };

static const struct option check_options[] = {
	{ "policy", required_argument, NULL, OPTION_POLICY },
	{ "topology", required_argument, NULL, OPTION_TOPOLOGY },
	{ "quiet", no_argument, NULL, OPTION_QUIET },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

struct check {
	struct scenario_options options;
	struct command_policies policies;
	bool quiet, help;
};

static bool check_option(int option, struct check *check)
{
	switch (option) {
	case OPTION_POLICY:
		return command_policy_single("check", optarg, &check->policies);
	case OPTION_TOPOLOGY:
		return command_topology("check", optarg, &check->options);
	case OPTION_QUIET:
		check->quiet = true;
		return true;
	case 'h':
		check->help = true;
		return true;
	default:
		return false;
	}
}

static int check_admission(const struct scenario *s, struct diagnostics *errors)
{
	struct sim_result result;
	int status = COMMAND_OK;

	if (!sim_admission(s, false, &result)) {
		diagnostics_error(errors, result.refusal[0].mark, "%s", result.refusal[0].text);
		status = COMMAND_BAD_INPUT;
	}
	sim_result_free(&result);
	return status;
}

static int check_all(struct check *check, const char *path)
{
	struct diagnostics errors = { stderr, 0 };
	struct page page = page_of(stdout);
	struct scenario scenario;
	int status;

	if (check->policies.count != 0)
		check->options.policy = check->policies.policy[0];
	if (!scenario_read(path, &check->options, &scenario, &errors))
		return COMMAND_BAD_INPUT;
	status = check_admission(&scenario, &errors);
	if (status == COMMAND_OK && !check->quiet)
		report_check(&page, &scenario);
	scenario_free(&scenario);
	return status;
}

int cmd_check(int argc, char **argv)
{
	struct check check;
	const char *path;
	int option, status = COMMAND_BAD_INPUT;
	bool ok = true;

	memset(&check, 0, sizeof(check));
	while (ok && !check.help && (option = command_option(argc, argv, check_options)) != -1)
		ok = check_option(option, &check);
	if (check.help) {
		fputs(check_usage, stdout);
		status = COMMAND_OK;
	} else if (ok) {
		path = command_scenario(argc, argv);
		if (path != NULL)
			status = check_all(&check, path);
	}
	command_topology_free(&check.options);
	return command_finish("check", status);
}
