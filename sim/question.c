/* SPDX-License-Identifier: BSD-2-Clause */
#define _POSIX_C_SOURCE 200809L
#include "question.h"

#include <errno.h>
#include <string.h>

#include "report.h"

static bool question_option(struct question *q, int option)
{
	switch (option) {
	case QUESTION_POLICY:
		return command_policy_single(q->command, optarg, &q->policies);
	case QUESTION_TOPOLOGY:
		return command_topology(q->command, optarg, &q->options);
	case QUESTION_JSON:
		q->json_path = optarg;
		return true;
	case QUESTION_ALL:
		q->all = true;
		return true;
	case 'h':
		q->help = true;
		return true;
	default:
		return false;
	}
}

static int question_answer(struct question *q, const char *path)
{
	struct diagnostics errors = { stderr, 0 };
	int status = COMMAND_BAD_INPUT;

	if (q->policies.count != 0)
		q->options.policy = q->policies.policy[0];
	if (!scenario_read(path, &q->options, &q->scenario, &errors))
		return status;
	if (command_open(q->command, "--json", q->json_path, &q->json))
		status = q->form->answer(q);
	output_discard(&q->json);
	scenario_free(&q->scenario);
	return status;
}

int question_ask(int argc, char **argv, const struct question_form *form)
{
	struct question q;
	const char *path;
	int option, status = COMMAND_BAD_INPUT;
	bool ok = true;

	memset(&q, 0, sizeof(q));
	q.form = form;
	q.command = argv[0];
	while (ok && !q.help && (option = command_option(argc, argv, form->options)) != -1)
		ok = question_option(&q, option);
	if (q.help) {
		fputs(form->usage, stdout);
		status = COMMAND_OK;
	} else if (ok) {
		path = command_scenario(argc, argv);
		if (path != NULL)
			status = question_answer(&q, path);
	}
	command_topology_free(&q.options);
	return command_finish(q.command, COMMAND_OK) == COMMAND_OK ? status : form->unwritten;
}

bool question_is_json_alone(const struct question *q)
{
	return q->json_path != NULL && strcmp(q->json_path, "-") == 0;
}

bool question_json(struct question *q, json_t *document)
{
	bool written = q->json.file == NULL || report_json_write(document, q->json.file);

	json_decref(document);
	if (!written)
		(void)command_wrong(q->command, "--json: %s: cannot write: %s", q->json.path,
		                    strerror(errno));
	return written && command_commit(q->command, "--json", &q->json);
}
