/* SPDX-License-Identifier: BSD-2-Clause */
#include "script.h"

#include "console.h"
#include "hv.h"
#include "module.h"
#include "text.h"
#include "verb.h"

#define LINE_SIZE 768u

static struct {
	uint32_t module;                   /* where we are */
	size_t at;
	uint32_t line;
	ration_ns next_ns;
	char next[LINE_SIZE];
} script = { .next_ns = RATION_NEVER };

/* The next line of the scripts that is not empty; false: there is none. */
static bool script_line(char *text, bool *too_long)
{
	for (; script.module < module_count; script.module++, script.at = 0, script.line = 0) {
		const struct module *m = &module_list[script.module];

		while (m->kind == MODULE_SCRIPT && script.at < m->size) {
			size_t n = 0;

			*too_long = false;
			for (; script.at < m->size && m->bytes[script.at] != '\n'; script.at++)
				if (n + 1 < LINE_SIZE && m->bytes[script.at] != '\0')
					text[n++] = (char)m->bytes[script.at];
				else
					*too_long = true;
			text[n] = '\0';
			script.at++;
			script.line++;
			if (n != 0 && text[0] != '#')
				return true;
		}
	}
	return false;
}

/* Its time, which is taken off; without one: at once. */
static ration_ns script_time(char *text)
{
	const char *at = text, *value;
	ration_ns ns = 0;
	char word[32];

	if (!text_word(&at, word, sizeof(word)))
		return 0;
	value = text_after(word, "at=");
	if (value == NULL && text_equal(word, "at") && text_word(&at, word, sizeof(word)))
		value = word;
	if (value == NULL && word[0] >= '0' && word[0] <= '9')
		value = word;
	if (value == NULL)
		return 0;
	if (!text_time(value, RATION_NS_PER_S, &ns))
		return RATION_NEVER;
	memmove(text, at, text_length(at) + 1);
	return ns;
}

/* Read on to the next command. */
static bool script_advance(void)
{
	bool too_long = false;

	script.next_ns = RATION_NEVER;
	if (!script_line(script.next, &too_long))
		return true;
	script.next_ns = script_time(script.next);
	if (!too_long && script.next_ns != RATION_NEVER)
		return true;
	say("%s:%u: a time and a command of at most %u bytes expected",
	    module_list[script.module].file, script.line, LINE_SIZE - 1);
	return false;
}

bool script_init(void)
{
	return script_advance();
}

ration_ns script_next(void)
{
	return __atomic_load_n(&script.next_ns, __ATOMIC_RELAXED);
}

void script_run(ration_ns now)
{
	while (script.next_ns <= now) {
		const char *wrong;

		if (text_after(script.next, "ledger") == NULL && text_after(script.next, "say") == NULL)
			say("script: %s", script.next);
		wrong = verb_run(script.next);
		if (wrong != NULL)
			say("%s:%u: %s", module_list[script.module].file, script.line, wrong);
		if (!script_advance())
			return;
	}
}
