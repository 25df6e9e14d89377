/* SPDX-License-Identifier: BSD-2-Clause */
/* ration replay: run a recorded log again, and compare. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "command.h"
#include "progress.h"
#include "replay_table.h"
#include "report.h"
#include "what_if.h"

static const char replay_usage[] =
"Usage: ration replay [OPTION]... LOG\n"
"Feed the events of LOG, a recording (\"-\": standard input), to the scheduler\n"
"again, compare each decision, and print what ration run prints.\n"
"\n"
"  --policy NAME           what would have been under credit, sedf or rr; several (or\n"
"                          NAME,NAME) are set side by side\n"
"  --set NAME.ATTR=VALUE   what would have been with other attributes: weight, cap,\n"
"                          floor, burst, period, slice, latency, extratime, shadow or\n"
"                          cpus of domain NAME; --set tslice=5ms, --set ratelimit=0\n"
"  --topology SPEC         what would have been on another machine\n"
"  --json FILE             write the results as JSON; \"-\" writes them, alone, to\n"
"                          standard output\n"
"  --trace FILE            write a trace that ui.perfetto.dev opens\n"
"  --trace-window 1s..2s   only this part of the log\n"
"  --check                 check every invariant of the scheduler after every event\n"
"  --no-progress           no progress bar\n"
"  -h, --help              print this\n"
"\n"
"Exit: 0 every decision was the same; 1 one was not, or failed; 2 bad usage, or the\n"
"log is damaged, cut off, or has a gap, or the domains cannot all be admitted.\n"
"The manual: ration(1).\n";

enum {
	OPTION_POLICY = 256, OPTION_SET, OPTION_TOPOLOGY, OPTION_JSON, OPTION_TRACE, OPTION_WINDOW,
	OPTION_CHECK, OPTION_NO_PROGRESS
};

static const struct option replay_options[] = {
	{ "policy", required_argument, NULL, OPTION_POLICY },
	{ "set", required_argument, NULL, OPTION_SET },
	{ "topology", required_argument, NULL, OPTION_TOPOLOGY },
	{ "json", required_argument, NULL, OPTION_JSON },
	{ "trace", required_argument, NULL, OPTION_TRACE },
	{ "trace-window", required_argument, NULL, OPTION_WINDOW },
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "no-progress", no_argument, NULL, OPTION_NO_PROGRESS },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

struct replay_command {
	const char *path, *json_path, *trace_path;
	ration_ns trace_from_ns, trace_to_ns;
	bool check, progress, help;

	struct output json, trace;
	struct progress bar;
	struct log log;
	struct replay replay;
	struct replay_table table;
	struct what_if what_if;
};

/* ---- Options ---------------------------------------------------------- */

static bool replay_option(int option, struct replay_command *c)
{
	switch (option) {
	case OPTION_POLICY:
		return command_policy("replay", optarg, &c->what_if.policies);
	case OPTION_SET:
		return what_if_set(&c->what_if, optarg);
	case OPTION_TOPOLOGY:
		return what_if_topology(&c->what_if, optarg);
	case OPTION_JSON:
		c->json_path = optarg;
		return true;
	case OPTION_TRACE:
		c->trace_path = optarg;
		return true;
	case OPTION_WINDOW:
		return command_window("replay", optarg, &c->trace_from_ns, &c->trace_to_ns);
	case OPTION_CHECK:
		c->check = true;
		return true;
	case OPTION_NO_PROGRESS:
		c->progress = false;
		return true;
	case 'h':
		c->help = true;
		return true;
	default:
		return false;
	}
}

static bool replay_options_fit(const struct replay_command *c)
{
	if (c->trace_to_ns != 0 && c->trace_path == NULL)
		(void)command_wrong("replay", "--trace-window without --trace, expected both");
	else if (c->trace_path != NULL && c->what_if.policies.count > 1)
		(void)command_wrong("replay", "--trace with %u policies, expected one",
		                    c->what_if.policies.count);
	else
		return !command_clash("replay", "--trace", c->trace_path, "--json", c->json_path);
	return false;
}

static const char *replay_operand(int argc, char **argv)
{
	if (optind >= argc)
		(void)command_wrong("replay", "no log, expected 'ration replay LOG'; see "
		                    "'ration replay --help'");
	else if (optind + 1 < argc)
		(void)command_wrong("replay", "'%s' behind the log, expected one log",
		                    argv[optind + 1]);
	else
		return argv[optind];
	return NULL;
}

/* ---- Running ---------------------------------------------------------- */

static double replay_clock(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The bar counts bytes: how long the log is in time is not known before its end. */
static void replay_progress(void *context, ration_ns now_ns)
{
	struct replay_command *c = context;

	(void)now_ns;
	progress_step(&c->bar, c->log.offset);
}

static void replay_progress_begin(struct replay_command *c)
{
	struct stat status;
	bool known = fstat(fileno(c->log.file), &status) == 0 && S_ISREG(status.st_mode);

	progress_begin(&c->bar, "replay", known ? (uint64_t)status.st_size : 0,
	               c->progress && known);
}

static int replay_report(struct replay_command *c)
{
	struct page page = page_of(stdout);
	struct report_log log = { c->log.writer, c->replay.decisions };
	bool alone = c->json.file == stdout || c->trace.file == stdout, written = true;
	bool otherwise = what_if_wanted(&c->what_if);
	json_t *document;

	if (c->json.file != NULL) {
		document = otherwise ? what_if_json(&c->what_if, &c->table) :
		           report_json(&c->table.scenario, &c->table.result);
		written = report_json_write(document, c->json.file);
		json_decref(document);
	}
	if (!written)
		(void)command_wrong("replay", "--json: %s: cannot write: %s", c->json.path,
		                    strerror(errno));
	if (!written || !command_commit("replay", "--json", &c->json) ||
	    !command_commit("replay", "--trace", &c->trace))
		return COMMAND_FAILED;
	if (!alone && otherwise)
		what_if_report(&c->what_if, &page, &c->log);
	else if (!alone)
		report_replay(&page, &c->table.scenario, &c->table.result, &log);
	return COMMAND_OK;
}

/* What would have been, where that is asked for; and the report. */
static int replay_same(struct replay_command *c)
{
	struct what_if *w = &c->what_if;
	int status = COMMAND_OK, reported;

	if (what_if_wanted(w)) {
		w->check = c->check;
		w->progress = c->progress;
		w->trace = c->trace.file;
		w->trace_from_ns = c->trace_from_ns;
		w->trace_to_ns = c->trace_to_ns;
		status = what_if_run(w, c->path, &c->table);
	}
	if (status == COMMAND_BAD_INPUT)
		return status;
	reported = replay_report(c);
	return reported > status ? reported : status;
}

/* The replay was opened: from the first record to the report. */
static int replay_log(struct replay_command *c)
{
	struct sim_options seen = { 0 };
	struct replay_options options = { c->check, stderr, replay_progress, c };
	enum replay_result result;
	double start;

	if (what_if_wanted(&c->what_if))
		what_if_observe(&c->what_if, &c->replay);
	else
		seen.trace = c->trace.file;
	seen.trace_from_ns = c->trace_from_ns;
	seen.trace_to_ns = c->trace_to_ns != 0 ? c->trace_to_ns : RATION_NEVER;
	replay_table_init(&c->table, &c->replay, &seen);
	replay_progress_begin(c);
	start = replay_clock();
	result = replay_run(&c->replay, &options);
	c->table.result.wall_s = replay_clock() - start;
	progress_end(&c->bar);
	if (result == REPLAY_SAME) {
		/* where they part, a domain may have come that has no row */
		replay_table_end(&c->table);
		result = (enum replay_result)replay_same(c);
	}
	replay_table_fini(&c->table);
	return (int)result;
}

/* The hook for other things to do with a log: see replay.h. */
static int replay_command_log(struct replay_command *c)
{
	int status = COMMAND_BAD_INPUT;

	if (command_open("replay", "--json", c->json_path, &c->json) &&
	    command_open("replay", "--trace", c->trace_path, &c->trace)) {
		if (replay_open(&c->replay, &c->log)) {
			status = replay_log(c);
			replay_close(&c->replay);
		} else {
			fprintf(stderr, "%s\n", c->log.message);
		}
	}
	output_discard(&c->json);
	output_discard(&c->trace);
	return status;
}

int cmd_replay(int argc, char **argv)
{
	static struct replay_command c;
	int option, status = COMMAND_BAD_INPUT;
	bool ok = true;

	memset(&c, 0, sizeof(c));
	c.progress = true;
	while (ok && !c.help && (option = command_option(argc, argv, replay_options)) != -1)
		ok = replay_option(option, &c);
	if (c.help) {
		fputs(replay_usage, stdout);
		status = COMMAND_OK;
	} else if (ok && replay_options_fit(&c) && (c.path = replay_operand(argc, argv)) != NULL) {
		if (log_open(&c.log, c.path)) {
			status = replay_command_log(&c);
			log_close(&c.log);
		} else {
			fprintf(stderr, "%s\n", c.log.message);
		}
	}
	what_if_free(&c.what_if);
	return command_finish("replay", status);
}
