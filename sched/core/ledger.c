/* SPDX-License-Identifier: BSD-2-Clause */
/* The books: what the time of each vCPU and each CPU was spent on. */
#include "core.h"

const char *ration_wait_name(enum ration_wait cause)
{
	static const char *const name[RATION_WAIT_COUNT] = {
		[RATION_WAIT_OFFLINE] = "offline", [RATION_WAIT_AFFINITY] = "affinity",
		[RATION_WAIT_CAP] = "cap", [RATION_WAIT_BUDGET] = "budget",
		[RATION_WAIT_SWITCH] = "switch", [RATION_WAIT_KICK] = "kick",
		[RATION_WAIT_RATELIMIT] = "ratelimit", [RATION_WAIT_QUEUE] = "queue",
	};

	RATION_ASSERT(cause < RATION_WAIT_COUNT);
	return name[cause];
}

/* Add what v's time since its last booking was spent on.  Queueing divides
 * into the part during which a CPU outside of its mask stood idle, and the rest. */
/* Does `affinity`, which comes before these causes, take its part of that time? */
static bool ledger_is_shared(uint8_t book)
{
	return book == RATION_WAIT_QUEUE || book == RATION_WAIT_RATELIMIT;
}

static void ledger_accrue(const struct ration *r, const struct ration_vcpu *v, ration_ns now,
                          struct ration_ledger *to)
{
	ration_ns spent = now - v->since_ns, away;

	if (ledger_is_shared(v->book)) {
		away = ration_core__class_away(r, v->class_idx, now) - v->away_ns;
		to->wait_ns[RATION_WAIT_AFFINITY] += away;
		to->wait_ns[v->book] += spent - away;
	} else if (v->book < RATION_WAIT_COUNT) {
		to->wait_ns[v->book] += spent;
	} else if (v->book == RATION_BOOK_RUNNING) {
		to->running_ns += spent;
	} else if (v->book == RATION_BOOK_BLOCKED) {
		to->blocked_ns += spent;
	} else {
		to->down_ns += spent;
	}
}

void ration_core__book(struct ration *r, struct ration_vcpu *v, uint8_t book, ration_ns now)
{
	if (now != v->since_ns)
		ledger_accrue(r, v, now, &v->ledger);
	v->since_ns = now;
	v->book = book;
	if (ledger_is_shared(book))
		v->away_ns = ration_core__class_away(r, v->class_idx, now);
}

/* As ledger_accrue(), for a CPU. */
static void ledger_cpu_accrue(const struct ration *r, ration_cpu c, ration_ns now,
                              struct ration_cpu_ledger *to)
{
	const struct ration_cpu_state *cpu = &r->cpu[c];
	ration_ns spent = now - cpu->booked_ns;

	if (cpu->switching)
		to->overhead_ns += spent;
	else if (cpu->current != NULL)
		to->busy_ns += spent;
	else if (ration_cpuset_has(r->online, c))
		to->idle_ns += spent;
	else
		to->offline_ns += spent;
}

void ration_core__cpu_book(struct ration *r, ration_cpu c, ration_ns now)
{
	struct ration_cpu_state *cpu = &r->cpu[c];

	ledger_cpu_accrue(r, c, now, &cpu->ledger);
	cpu->booked_ns = now;
}

void ration_core__idle_set(struct ration *r, ration_cpuset idle, ration_ns now)
{
	if (idle == r->idle)
		return;
	for (uint32_t k = 0; k < RATION_CLASS_MAX; k++) {
		struct core_class *class = &r->class_of[k];
		bool was = class->away_since_ns != RATION_NEVER;
		bool is = (idle & ~class->hard) != 0;

		if (class->vcpu_count == 0 || is == was)
			continue;
		if (was)
			class->away_ns += now - class->away_since_ns;
		class->away_since_ns = is ? now : RATION_NEVER;
	}
	r->idle = idle;
}

void ration_core__ledger_add(struct ration_ledger *sum, const struct ration_ledger *part)
{
	sum->running_ns += part->running_ns;
	for (int i = 0; i < RATION_WAIT_COUNT; i++)
		sum->wait_ns[i] += part->wait_ns[i];
	sum->blocked_ns += part->blocked_ns;
	sum->down_ns += part->down_ns;
}

ration_ns ration_core__ledger_total(const struct ration_ledger *ledger)
{
	ration_ns total = ledger->running_ns + ledger->blocked_ns + ledger->down_ns;

	for (int i = 0; i < RATION_WAIT_COUNT; i++)
		total += ledger->wait_ns[i];
	return total;
}

void ration_vcpu_ledger_get(const struct ration *r, const struct ration_vcpu *v, ration_ns now,
                            struct ration_ledger *ledger)
{
	RATION_ASSERT(now >= r->now_ns);
	*ledger = v->ledger;
	ledger_accrue(r, v, now, ledger);
}

void ration_dom_ledger_get(const struct ration *r, const struct ration_dom *dom, ration_ns now,
                           struct ration_ledger *ledger)
{
	*ledger = dom->left;
	for (const struct ration_vcpu *v = dom->first; v != NULL; v = v->next) {
		struct ration_ledger part;

		ration_vcpu_ledger_get(r, v, now, &part);
		ration_core__ledger_add(ledger, &part);
	}
}

void ration_cpu_ledger_get(const struct ration *r, ration_cpu c, ration_ns now,
                           struct ration_cpu_ledger *ledger)
{
	RATION_ASSERT(c < r->limits.cpu_count);
	RATION_ASSERT(now >= r->now_ns);
	*ledger = r->cpu[c].ledger;
	ledger_cpu_accrue(r, c, now, ledger);
}
