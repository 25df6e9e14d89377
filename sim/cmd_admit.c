/* SPDX-License-Identifier: BSD-2-Clause */
/* ration admit: can all domains be promised what they ask for? */
#include "question.h"
#include "report.h"

static const char admit_usage[] =
"Usage: ration admit [OPTION]... SCENARIO\n"
"Say whether all domains of SCENARIO, those that come later too, can be admitted\n"
"together: whether the policy can promise them their floors or slices.  If not, say\n"
"which CPUs lack how much, who holds it, and what would fit.  Nothing is simulated.\n"
"\n"
"  --policy NAME     credit, sedf or rr, in place of the scenario's\n"
"  --topology SPEC   another machine: \"pack:2 core:8 pu:2\", a file that lstopo saved,\n"
"                    or \"this\"\n"
"  --json FILE       also write the answer as JSON; \"-\" writes it, alone, to standard\n"
"                    output\n"
"  -h, --help        print this\n"
"\n"
"Exit: 0 yes; 1 no; 2 bad input, or the answer cannot be written.\n";

static const struct option admit_options[] = {
	QUESTION_OPTIONS,
	{ NULL, 0, NULL, 0 }
};

static int admit_answer(struct question *q)
{
	struct page page = page_of(stdout);
	struct sim_result result;
	bool admitted = sim_admission(&q->scenario, true, &result);
	int status = admitted ? COMMAND_OK : COMMAND_NO;

	if (!question_json(q, report_json_admission(&q->scenario, &result, admitted)))
		status = q->form->unwritten;
	else if (!question_is_json_alone(q))
		report_admission(&page, &q->scenario, &result, admitted);
	sim_result_free(&result);
	return status;
}

int cmd_admit(int argc, char **argv)
{
	/* COMMAND_FAILED would be an answer */
	static const struct question_form form = {
		admit_options, admit_usage, COMMAND_BAD_INPUT, admit_answer
	};

	return question_ask(argc, argv, &form);
}
