/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command.h - what the subcommands of `ration` share: exit codes, options, and
 * the loading of scenarios.
 *
 * A subcommand takes its own name as argv[0] and returns the exit code.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <getopt.h>

#include "output.h"
#include "scenario_read.h"
#include "sim.h"

#ifdef __cplusplus
extern "C" {
#endif

enum command_exit {
	COMMAND_OK = 0,
	COMMAND_FAILED = 1,      /* it ran and went wrong: no space, a broken invariant */
	COMMAND_NO = 1,          /* a question was answered: no */
	COMMAND_BAD_INPUT = 2    /* usage, a scenario, a set that cannot be admitted */
};

int cmd_run(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_ideal(int argc, char **argv);
int cmd_admit(int argc, char **argv);

/* As getopt_long(), but what is wrong is said in our own words: '?' then. */
int command_option(int argc, char **argv, const struct option *options);

/* Say on stderr "ration COMMAND: ..."; returns COMMAND_BAD_INPUT. */
__attribute__((format(printf, 2, 3)))
int command_wrong(const char *command, const char *format, ...);

/* The one operand of a command that takes a scenario; NULL: reported. */
const char *command_scenario(int argc, char **argv);

/* Read an option's value into *options; false: reported. */
bool command_time(const char *command, const char *name, const char *text, ration_ns *ns);
bool command_seed(const char *command, const char *text, struct scenario_options *options);

/* "1s..2s": two times, the second one later. */
bool command_window(const char *command, const char *text, ration_ns *from_ns, ration_ns *to_ns);

#define COMMAND_POLICY_MAX 8u

/* Policies named on the command line, in order: "credit" or "credit,rr". */
struct command_policies {
	const struct ration_policy *policy[COMMAND_POLICY_MAX];
	uint32_t count;
};
bool command_policy(const char *command, const char *text, struct command_policies *policies);

/* The same, where one is expected. */
bool command_policy_single(const char *command, const char *text,
                           struct command_policies *policies);

/* Do two outputs go into one file?  Said, if so; a path may be NULL. */
bool command_clash(const char *command, const char *a, const char *a_path, const char *b,
                   const char *b_path);

/*
 * Run the scenario under that policy, with a progress bar if asked for, and say
 * what goes wrong: COMMAND_BAD_INPUT (not all are admitted), COMMAND_FAILED (an
 * invariant is broken, or decisions were refused), or COMMAND_OK.  *result is for
 * sim_result_free() whatever comes of it.
 */
int command_simulate(const char *command, struct scenario *s, const struct ration_policy *policy,
                     struct sim_options *options, bool progress, struct sim_result *result);

/* The machine of --topology, for command_topology_free(); false: reported. */
bool command_topology(const char *command, const char *spec, struct scenario_options *options);
void command_topology_free(struct scenario_options *options);

/* Open what `option` names, nothing for a NULL path; complete it, if it is open
 * (output.h).  False: reported. */
bool command_open(const char *command, const char *option, const char *path,
                  struct output *output);
bool command_commit(const char *command, const char *option, struct output *output);

/* Standard output is complete and written?  Else says so: COMMAND_FAILED. */
int command_finish(const char *command, int status);

#ifdef __cplusplus
}
#endif
#endif
