/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * question.h - commands that ask something of a scenario as it stands, without
 * running it: `ration ideal`, `ration admit`.
 */
#ifndef QUESTION_H
#define QUESTION_H

#include <jansson.h>

#include "command.h"

#ifdef __cplusplus
extern "C" {
#endif

struct question;

/* A command that asks. */
struct question_form {
	const struct option *options;
	const char *usage;
	int unwritten;                       /* exit code where the answer cannot be written */
	int (*answer)(struct question *q);   /* returns the exit code */
};

struct question {
	const struct question_form *form;
	const char *command;
	struct scenario_options options;
	struct command_policies policies;
	const char *json_path;
	bool all, help;
	struct scenario scenario;
	struct output json;
};

/* The options that every question has, as the first rows of an option table. */
enum { QUESTION_POLICY = 256, QUESTION_TOPOLOGY, QUESTION_JSON, QUESTION_ALL };
#define QUESTION_OPTIONS \
	{ "policy", required_argument, NULL, QUESTION_POLICY }, \
	{ "topology", required_argument, NULL, QUESTION_TOPOLOGY }, \
	{ "json", required_argument, NULL, QUESTION_JSON }, \
	{ "help", no_argument, NULL, 'h' }

/* Read options and scenario, and call `answer`; returns the exit code. */
int question_ask(int argc, char **argv, const struct question_form *form);

/* Write the document, if it is wanted, and drop it.  False: reported. */
bool question_json(struct question *q, json_t *document);

/* Does the document go, alone, to standard output? */
bool question_is_json_alone(const struct question *q);

#ifdef __cplusplus
}
#endif
#endif
