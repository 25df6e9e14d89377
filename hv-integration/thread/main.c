/* SPDX-License-Identifier: BSD-2-Clause */
/* ration-threads: a scenario on POSIX threads, in real time. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "command.h"
#include "entitled.h"
#include "output.h"
#include "progress.h"
#include "quantity.h"
#include "report.h"
#include "stress.h"
#include "thread_log.h"
#include "thread_world.h"

static char threads_name[] = "ration-threads";

static const char threads_usage[] =
"Usage: ration-threads [OPTION]... SCENARIO\n"
"       ration-threads --stress LENGTH [--cpus N] [--seed N] [--record FILE]\n"
"Run the virtual machines of SCENARIO, a YAML file (\"-\": standard input), in real\n"
"time: threads stand for the CPUs of its server, programs for its guests, signals\n"
"for kicks.  Prints the table of 'ration run'.\n"
"\n"
"  --policy NAME     credit, sedf or rr, in place of the scenario's\n"
"  --topology SPEC   another machine: \"pack:2 core:8 pu:2\", a file that lstopo saved,\n"
"                    or \"this\"\n"
"  --cpus N          another machine: N CPUs\n"
"  --seed N          another seed\n"
"  --time 10s        another length\n"
"  --json FILE       write the results as JSON; \"-\" writes them, alone, to standard\n"
"                    output\n"
"  --record FILE     write a log of every event and decision, for 'ration replay'\n"
"  --stress LENGTH   no scenario: everything at random, and every invariant checked\n"
"  --no-progress     no progress bar\n"
"  -h, --help        print this\n"
"  -V, --version     print the version\n"
"\n"
"SIGINT and SIGTERM end a run early, with its table and a complete log.\n"
"Exit: 0 done; 1 failed; 2 bad input, or the domains cannot all be admitted.\n"
"The manual: ration-threads(1), ration-scenario(5).\n";

enum {
	OPTION_POLICY = 256, OPTION_TOPOLOGY, OPTION_CPUS, OPTION_SEED, OPTION_TIME, OPTION_JSON,
	OPTION_RECORD, OPTION_STRESS, OPTION_NO_PROGRESS, OPTION_VERSION
};

static const struct option threads_options[] = {
	{ "policy", required_argument, NULL, OPTION_POLICY },
	{ "topology", required_argument, NULL, OPTION_TOPOLOGY },
	{ "cpus", required_argument, NULL, OPTION_CPUS },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "time", required_argument, NULL, OPTION_TIME },
	{ "json", required_argument, NULL, OPTION_JSON },
	{ "record", required_argument, NULL, OPTION_RECORD },
	{ "stress", required_argument, NULL, OPTION_STRESS },
	{ "no-progress", no_argument, NULL, OPTION_NO_PROGRESS },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

struct threads {
	struct scenario_options options;
	struct command_policies policies;
	const char *json_path, *record_path;
	ration_ns stress_ns;             /* 0: a scenario is run */
	uint32_t cpu_count;              /* 0: the scenario's */
	bool progress, help, version;

	struct output json, record;
	struct scenario scenario;
	struct sim_result result;
	struct world_account account;
};

/* ---- Options ---------------------------------------------------------- */

static bool threads_length(const char *name, const char *text, ration_ns *ns)
{
	if (!command_time(threads_name, name, text, ns))
		return false;
	if (*ns >= RATION_NS_PER_MS)
		return true;
	(void)command_wrong(threads_name, "%s '%.60s' is too short, expected at least 1ms", name, text);
	return false;
}

static bool threads_cpus(const char *text, struct threads *t)
{
	struct quantity_error error;
	char spec[64];
	uint64_t count;

	if (!quantity_integer(text, strlen(text), &count, &error) || count == 0 ||
	    count > RATION_CPU_MAX) {
		(void)command_wrong(threads_name, "--cpus '%.60s' is no number of CPUs, expected 1 to %u",
		                    text, RATION_CPU_MAX);
		return false;
	}
	t->cpu_count = (uint32_t)count;
	(void)snprintf(spec, sizeof(spec), "pack:1 core:%" PRIu64 " pu:1", count);
	return command_topology(threads_name, spec, &t->options);
}

static bool threads_option(int option, struct threads *t)
{
	switch (option) {
	case OPTION_POLICY:
		return command_policy(threads_name, optarg, &t->policies);
	case OPTION_TOPOLOGY:
		return command_topology(threads_name, optarg, &t->options);
	case OPTION_CPUS:
		return threads_cpus(optarg, t);
	case OPTION_SEED:
		return command_seed(threads_name, optarg, &t->options);
	case OPTION_TIME:
		return threads_length("--time", optarg, &t->options.time_ns);
	case OPTION_JSON:
		t->json_path = optarg;
		return true;
	case OPTION_RECORD:
		t->record_path = optarg;
		return true;
	case OPTION_STRESS:
		return threads_length("--stress", optarg, &t->stress_ns);
	case OPTION_NO_PROGRESS:
		t->progress = false;
		return true;
	case OPTION_VERSION:
		t->version = true;
		return true;
	case 'h':
		t->help = true;
		return true;
	default:
		return false;
	}
}

static bool threads_options_fit(const struct threads *t)
{
	if (t->policies.count > 1)
		(void)command_wrong(threads_name, "--policy with %" PRIu32 " policies, expected one",
		                    t->policies.count);
	else if (t->stress_ns != 0 && (t->policies.count != 0 || t->json_path != NULL ||
	                               t->options.time_ns != 0))
		(void)command_wrong(threads_name, "--stress with --policy, --json or --time, expected only "
		                    "--cpus, --seed and --record beside it");
	else if (t->stress_ns != 0 && t->options.topology != NULL && t->cpu_count == 0)
		(void)command_wrong(threads_name, "--stress with --topology, expected --cpus");
	else if (t->record_path != NULL && strcmp(t->record_path, "-") == 0)
		(void)command_wrong(threads_name, "--record '-', expected a file: standard output has the "
		                    "table");
	else
		return !command_clash(threads_name, "--record", t->record_path, "--json",
		                      t->json_path);
	return false;
}

/* ---- What is said beside the table ------------------------------------ */

static void threads_warn(const struct scenario *s)
{
	const struct scenario_costs *c = &s->costs;
	uint32_t host = rig_host_cpus(), cpus = s->topology.cpu_count, i;
	bool has_costs = c->switch_ns != 0 || c->ipi_ns != 0 || c->timer_ns != 0 ||
	                 c->smt_ppm != RATION_PPM;
	bool same = true;

	for (i = 0; i < RATION_DISTANCE_COUNT; i++)
		has_costs |= c->migrate_ns[i] != 0;
	for (i = 1; i < cpus; i++)
		same &= s->topology.cpu[i].capacity == s->topology.cpu[0].capacity;
	if (cpus > host)
		fprintf(stderr, "%s: %" PRIu32 " CPUs on %" PRIu32 " of this machine: they take turns, so "
		        "shares and latencies are not exact\n", threads_name, cpus, host);
	if (has_costs)
		fprintf(stderr, "%s: %s: the costs of the host are not charged: here they are what they "
		        "are\n", threads_name, s->file);
	if (!same)
		fprintf(stderr, "%s: %s: all CPUs are equally fast here, whatever their capacity\n",
		        threads_name, s->topology_name);
}

static void threads_log_line(FILE *out, const char *path, uint64_t events, uint64_t lost,
                             uint64_t bytes)
{
	char a[REPORT_COUNT_SIZE], b[REPORT_COUNT_SIZE], c[REPORT_COUNT_SIZE];

	fprintf(out, "%s: %s events recorded, %s lost, %s bytes (%.1f an event); recording one "
	        "takes %.1f ns here\n", path, report_count(events, a), report_count(lost, b),
	        report_count(bytes, c), events != 0 ? (double)bytes / (double)events : 0.0,
	        thread_log_cost());
}

static bool threads_log_written(const struct output *record, int error)
{
	if (error == 0)
		return true;
	(void)command_wrong(threads_name, "--record: %s: cannot write: %s", record->path,
	                    strerror(error));
	return false;
}

static void threads_signal(int number, ration_ns after_ns)
{
	char time[QUANTITY_SIZE];

	if (number != 0)
		fprintf(stderr, "%s: ended by %s after %s\n", threads_name,
		        number == SIGINT ? "SIGINT" : "SIGTERM", quantity_time_round(after_ns, time));
}

/* ---- A scenario ------------------------------------------------------- */

static bool threads_json(struct threads *t)
{
	json_t *document;
	bool written;

	if (t->json.file == NULL)
		return true;
	document = report_json(&t->scenario, &t->result);
	written = report_json_write(document, t->json.file);
	json_decref(document);
	if (!written)
		(void)command_wrong(threads_name, "--json: %s: cannot write: %s", t->json.path,
		                    strerror(errno));
	return written && command_commit(threads_name, "--json", &t->json);
}

static int threads_report(struct threads *t)
{
	struct page page = page_of(stdout);
	const struct world_account *a = &t->account;
	bool alone = t->json.file == stdout;

	report_warn(stderr, &t->scenario, t->result.policy);
	threads_signal(a->signal, t->result.sim_ns);
	entitled_over_run(&t->scenario, &t->result);
	if (!threads_log_written(&t->record, a->log_error) ||
	    !command_commit(threads_name, "--record", &t->record) || !threads_json(t))
		return COMMAND_FAILED;
	if (!alone)
		report_threads(&page, &t->scenario, &t->result);
	if (t->record_path != NULL)
		threads_log_line(alone ? stderr : stdout, t->record_path, a->log_events, a->log_lost,
		                 a->log_bytes);
	if (t->result.broken != NULL)
		fprintf(stderr, "%s: broken invariant: %s\n", threads_name, t->result.broken);
	if (t->result.refused_decisions != 0)
		fprintf(stderr, "%s: the core refused %" PRIu64 " decisions of %s\n", threads_name,
		        t->result.refused_decisions, ration_policy_name(t->result.policy));
	return t->result.broken != NULL || t->result.refused_decisions != 0 ? COMMAND_FAILED :
	       COMMAND_OK;
}

static int threads_run(struct threads *t)
{
	struct diagnostics errors = { stderr, 0 };
	struct world_options options;
	struct progress progress;
	enum world_status status;

	threads_warn(&t->scenario);
	memset(&options, 0, sizeof(options));
	options.log = t->record.file;
	options.control.progress = progress_step;
	options.control.progress_context = &progress;
	progress_begin(&progress, ration_policy_name(t->scenario.policy), t->scenario.time_ns,
	               t->progress);
	status = world_run(&t->scenario, &options, &t->result, &t->account);
	progress_end(&progress);
	switch (status) {
	case WORLD_DONE:
		return threads_report(t);
	case WORLD_REFUSED:
		diagnostics_error(&errors, t->result.refusal[0].mark, "%s", t->result.refusal[0].text);
		return COMMAND_BAD_INPUT;
	case WORLD_FAILED:
		break;
	}
	(void)command_wrong(threads_name, "cannot make a thread for each of %" PRIu32 " CPUs: %s",
	                    t->scenario.topology.cpu_count, strerror(errno));
	return COMMAND_FAILED;
}

/* Outputs are opened before the run: an hour of it for a file that cannot be
 * written would be an hour lost. */
static int threads_scenario(struct threads *t, const char *path)
{
	struct diagnostics errors = { stderr, 0 };
	int status = COMMAND_BAD_INPUT;

	if (t->policies.count != 0)
		t->options.policy = t->policies.policy[0];
	if (!scenario_read(path, &t->options, &t->scenario, &errors))
		return status;
	if (command_open(threads_name, "--json", t->json_path, &t->json) &&
	    command_open(threads_name, "--record", t->record_path, &t->record))
		status = threads_run(t);
	output_discard(&t->json);
	output_discard(&t->record);
	sim_result_free(&t->result);
	scenario_free(&t->scenario);
	return status;
}

/* ---- Stress ----------------------------------------------------------- */

static void threads_stress_line(const struct stress_result *r, const struct stress_options *o)
{
	char a[REPORT_COUNT_SIZE], b[REPORT_COUNT_SIZE], c[REPORT_COUNT_SIZE], d[REPORT_COUNT_SIZE];

	printf("stress, %" PRIu32 " CPUs, seed %" PRIu64 ", %.1f s: %s verbs, %s dispatches, "
	       "%s wake-ups, %s checks\n", o->cpu_count, o->seed, r->wall_s, report_count(r->verbs, a),
	       report_count(r->dispatches, b), report_count(r->wakes, c), report_count(r->checks, d));
	printf("%s vCPUs came, %s went, %s times not at once; ", report_count(r->admitted, a),
	       report_count(r->left, b), report_count(r->busy, c));
	printf("%s CPUs off or on line, %s switches of policy, %s refusals\n",
	       report_count(r->cpus, a), report_count(r->policies, b), report_count(r->refused, c));
}

static int threads_stress_report(struct threads *t, const struct stress_options *options,
                                 const struct stress_result *r)
{
	threads_signal(r->signal, (ration_ns)(r->wall_s * 1e9));
	threads_stress_line(r, options);
	if (!threads_log_written(&t->record, r->log_error) ||
	    !command_commit(threads_name, "--record", &t->record))
		return COMMAND_FAILED;
	if (t->record_path != NULL)
		threads_log_line(stdout, t->record_path, r->log_events, r->log_lost, r->log_bytes);
	if (r->broken == NULL) {
		puts("nothing is broken");
		return COMMAND_OK;
	}
	printf("broken: %s\n", r->broken);
	return COMMAND_FAILED;
}

static int threads_stress(struct threads *t)
{
	struct stress_options options = { t->stress_ns, t->cpu_count != 0 ? t->cpu_count : 4,
	                                  t->options.seed_given ? t->options.seed : 1, NULL,
	                                  t->progress };
	int status = COMMAND_FAILED;
	struct stress_result result;

	if (!command_open(threads_name, "--record", t->record_path, &t->record))
		return COMMAND_BAD_INPUT;
	options.log = t->record.file;
	if (stress_run(&options, &result))
		status = threads_stress_report(t, &options, &result);
	else
		(void)command_wrong(threads_name, "cannot make a thread for each of %" PRIu32 " CPUs: %s",
		                    options.cpu_count, strerror(errno));
	output_discard(&t->record);
	return status;
}

/* ---- Main ------------------------------------------------------------- */

static int threads_main(int argc, char **argv, struct threads *t)
{
	const char *path;
	int option;
	bool ok = true;

	while (ok && !t->help && !t->version &&
	       (option = command_option(argc, argv, threads_options)) != -1)
		ok = threads_option(option, t);
	if (t->help) {
		fputs(threads_usage, stdout);
		return COMMAND_OK;
	}
	if (t->version) {
		puts("ration-threads " RATION_VERSION);
		return COMMAND_OK;
	}
	if (!ok || !threads_options_fit(t))
		return COMMAND_BAD_INPUT;
	if (t->stress_ns != 0) {
		if (optind == argc)
			return threads_stress(t);
		return command_wrong(threads_name, "'%s' with --stress, expected no scenario",
		                     argv[optind]);
	}
	path = command_scenario(argc, argv);
	return path != NULL ? threads_scenario(t, path) : COMMAND_BAD_INPUT;
}

int main(int argc, char **argv)
{
	struct threads *t = allocate(1, sizeof(*t));
	int status;

	/* Messages name the program so, however it was called. */
	argv[0] = threads_name;
	t->progress = true;
	if (argc == 2 && strcmp(argv[1], "-V") == 0) {
		t->version = true;
		argc = 1;
	}
	status = threads_main(argc, argv, t);
	command_topology_free(&t->options);
	free(t);
	return command_finish(threads_name, status);
}
