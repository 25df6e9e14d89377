/* SPDX-License-Identifier: BSD-2-Clause */
/* ration ideal: what is each domain owed? */
#include <stdlib.h>

#include "allocate.h"
#include "entitled.h"
#include "question.h"
#include "report.h"

static const char ideal_usage[] =
"Usage: ration ideal [OPTION]... SCENARIO\n"
"Print what each domain of SCENARIO is owed at time 0, in % of one CPU: the weighted\n"
"max-min fair share that its weight, cap, floor, pins, vCPUs and demand come to on\n"
"that machine, by linear programming.  Nothing is simulated.\n"
"\n"
"  --all             also the domains that come later\n"
"  --policy NAME     credit, sedf or rr, in place of the scenario's; under sedf\n"
"                    slices are floors, and without extratime caps\n"
"  --topology SPEC   another machine: \"pack:2 core:8 pu:2\", a file that lstopo saved,\n"
"                    or \"this\"\n"
"  --json FILE       also write it as JSON; \"-\" writes it, alone, to standard output\n"
"  -h, --help        print this\n"
"\n"
"Exit: 0 done; 1 failed; 2 bad input, or floors that cannot all be kept.\n";

static const struct option ideal_options[] = {
	{ "all", no_argument, NULL, QUESTION_ALL },
	QUESTION_OPTIONS,
	{ NULL, 0, NULL, 0 }
};

/* Whose floors cannot be kept, and what of them can. */
static void ideal_floors(const struct scenario *s, const struct oracle_result *result)
{
	struct diagnostics errors = { stderr, 0 };

	for (uint32_t i = 0; i < s->domain_count; i++) {
		const struct oracle_share *share = &result->share[i];

		if (share->floor >= share->wanted - ORACLE_EXACT)
			continue;
		diagnostics_error(&errors, s->domain[i].mark,
		                  "domain %s: %.2f %% of a CPU cannot be kept for it beside what others "
		                  "are promised, expected at most %.2f %%", s->domain[i].name,
		                  100.0 * share->wanted, 100.0 * share->floor);
	}
}

static int ideal_answer(struct question *q)
{
	struct page page = page_of(stdout);
	double *demand = allocate(q->scenario.domain_count, sizeof(*demand));
	struct oracle_result result;
	struct report_owed ideal = { q->scenario.policy, q->all, &result, demand };
	int status = COMMAND_OK;

	switch (entitled_at_start(&q->scenario, q->scenario.policy, q->all, &result, demand)) {
	case ORACLE_FLOORS:
		ideal_floors(&q->scenario, &result);
		status = COMMAND_BAD_INPUT;
		break;
	case ORACLE_FAILED:
		(void)command_wrong(q->command, "the solver gave up");
		status = COMMAND_FAILED;
		break;
	case ORACLE_OK:
		if (!question_json(q, report_json_ideal(&q->scenario, &ideal)))
			status = q->form->unwritten;
		else if (!question_is_json_alone(q))
			report_ideal(&page, &q->scenario, &ideal);
	}
	oracle_result_free(&result);
	free(demand);
	return status;
}

int cmd_ideal(int argc, char **argv)
{
	static const struct question_form form = {
		ideal_options, ideal_usage, COMMAND_FAILED, ideal_answer
	};

	return question_ask(argc, argv, &form);
}
