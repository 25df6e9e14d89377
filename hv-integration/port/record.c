/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verbs, and what is written down of them.
 *
 * The writer publishes `head` once a record is whole, the reader `tail` once it
 * has copied; each is written by one side only.  The writers themselves come
 * one at a time, under the host's lock.
 */
#include "record.h"

#include "ration_policy.h"     /* slots, without a call for each */

#define CHAIN_START 0x6C69627261746E31u
#define MIX_CHAIN   0x9E3779B97F4A7C15u
#define MIX_COUNT   0x9E37u
#define MIX_RESCHED 0xD6E8FEB86659FD93u
#define MIX_UNTIL   0xA0761D6478BD642Fu
#define MIX_STATUS  0xE7037ED1A0B428DBu

/* What may stand before a record: a gap and a time.  Kept free for the last one. */
#define BEFORE_WORDS 4u
#define END_WORDS    (BEFORE_WORDS + 1)

void ration_record_init(struct ration_record *rec, struct ration *instance,
                        const struct ration_config *config)
{
	*rec = (struct ration_record){ .instance = instance, .from = RATION_CPU_NONE,
	                               .policies = config->policies,
	                               .policy_count = config->policy_count };
}

void ration_record_start(struct ration_record *rec, uint64_t *ring, uint64_t words,
                         ration_ns start_ns)
{
	RATION_ASSERT(rec->word == NULL && ring != NULL);
	RATION_ASSERT(words >= RATION_RECORD_WORDS_MIN && (words & (words - 1)) == 0);
	RATION_ASSERT(rec->head == rec->tail);
	rec->word = rec->ring = ring;
	rec->mask = words - 1;
	rec->room = words - END_WORDS;
	rec->chain = CHAIN_START;
	rec->last_ns = start_ns;
	rec->head = rec->tail = 0;
	rec->events = rec->lost = rec->lost_total = 0;
}

uint64_t ration_record_events(const struct ration_record *rec)
{
	return rec->events;
}

uint64_t ration_record_lost(const struct ration_record *rec)
{
	return rec->lost_total;
}

/* ---- Words ------------------------------------------------------------- */

/* The exclusive or of the four quarters: one bit changed changes one bit. */
static inline uint64_t record_fold(uint64_t word)
{
	word ^= word >> 32;
	return (word ^ word >> 16) & 0xFFFF;
}

/* `head` is a first word without its check; `fold` that of its arguments. */
static inline uint64_t record_sealed(const struct ration_record *rec, uint64_t head, uint64_t fold)
{
	return head | (record_fold(head) ^ fold ^ rec->chain >> 48);
}

static inline void record_word(struct ration_record *rec, uint64_t *at, uint64_t word)
{
	rec->word[(*at)++ & rec->mask] = word;
}

/* Is there room for so many words?  Asks the reader only when it seems not. */
static inline bool record_room(struct ration_record *rec, uint64_t words)
{
	if (rec->room >= words)
		return true;
	rec->room = rec->mask + 1 - END_WORDS -
	            (rec->head - __atomic_load_n(&rec->tail, __ATOMIC_ACQUIRE));
	return rec->room >= words;
}

/* A record of the recorder's own, with one argument. */
static void record_own(struct ration_record *rec, uint64_t *at, uint64_t verb, uint64_t arg)
{
	record_word(rec, at, record_sealed(rec, verb << RECORD_VERB_SHIFT |
	                                   RECORD_NOWHERE << RECORD_CPU_SHIFT, record_fold(arg)));
	record_word(rec, at, arg);
}

/* A record of so many words does not fit as it is.  Writes what has to stand
 * before it and returns the words of that; nothing of it is published yet.
 * UINT64_MAX: there is no room. */
static __attribute__((noinline)) uint64_t record_before(struct ration_record *rec, uint64_t words,
                                                        uint64_t verb, ration_ns delta_ns)
{
	uint64_t at = rec->head;

	if (!record_room(rec, words + BEFORE_WORDS)) {
		/* A name that is missing is no event that is. */
		rec->lost += verb >= RECORD_IDLE;
		rec->lost_total += verb >= RECORD_IDLE;
		return UINT64_MAX;
	}
	if (rec->lost != 0)
		record_own(rec, &at, RECORD_GAP, rec->lost);
	rec->lost = 0;
	if (delta_ns > RECORD_DELTA_MAX)
		record_own(rec, &at, RECORD_TIME, delta_ns);
	return at - rec->head;
}

/* One event: what came, and what was answered. */
static inline void record_put(struct ration_record *rec, uint64_t verb, uint64_t cpu,
                              uint64_t slot, ration_ns now, uint64_t answer,
                              const uint64_t *arg, uint32_t arg_count)
{
	ration_ns delta_ns = now - rec->last_ns;
	/* How many arguments there are counts too: a verb of another length is not
	 * to be mistaken for this one, whatever they are. */
	uint64_t at = rec->head, fold = arg_count * MIX_COUNT & RECORD_CHECK_MASK;
	uint32_t i;

	if (delta_ns > RECORD_DELTA_MAX || rec->lost != 0 || !record_room(rec, arg_count + 1)) {
		uint64_t before = record_before(rec, arg_count + 1, verb, delta_ns);

		if (before == UINT64_MAX)
			return;
		at += before;
		if (delta_ns > RECORD_DELTA_MAX)
			delta_ns = 0;
	}
	rec->last_ns = now;
	rec->chain = (rec->chain ^ answer) * MIX_CHAIN;
	rec->chain ^= rec->chain >> 32;
	for (i = 0; i < arg_count; i++)
		fold ^= record_fold(arg[i]);
	record_word(rec, &at, record_sealed(rec, verb << RECORD_VERB_SHIFT |
	                                    (cpu & RECORD_NOWHERE) << RECORD_CPU_SHIFT |
	                                    slot << RECORD_SLOT_SHIFT |
	                                    delta_ns << RECORD_DELTA_SHIFT, fold));
	for (i = 0; i < arg_count; i++)
		record_word(rec, &at, arg[i]);
	rec->room -= at - rec->head;
	rec->events += verb >= RECORD_IDLE;
	__atomic_store_n(&rec->head, at, __ATOMIC_RELEASE);
}

static inline uint64_t record_effects(const struct ration_effects *fx)
{
	return fx->resched * MIX_RESCHED + fx->expire_ns;
}

static uint64_t record_refusal(const struct ration_refusal *why)
{
	uint64_t mixed = ((uint64_t)why->reason << 8) + why->cpus * MIX_UNTIL +
	                 why->missing_ppm * MIX_RESCHED + why->fit_ppm * MIX_CHAIN;
	uint32_t i;

	for (i = 0; i < why->holder_count && i < RATION_HOLDERS_MAX; i++)
		mixed = mixed * MIX_CHAIN + why->holder[i];
	return mixed;
}

static inline uint64_t record_status(int status, const struct ration_refusal *why,
                                     const struct ration_effects *fx)
{
	uint64_t answer = (uint64_t)-(int64_t)status;

	if (status == RATION_E_CAPACITY && why != NULL)
		answer += record_refusal(why);
	return answer * MIX_STATUS + record_effects(fx);
}

/* A verb's refusal, which the digest needs, for the host, which may not. */
static void record_hand_on(int status, const struct ration_refusal *kept,
                           struct ration_refusal *why)
{
	if (why != NULL && status == RATION_E_CAPACITY)
		*why = *kept;
}

/* ---- CPUs -------------------------------------------------------------- */

/* The hot verbs ask first whether the recorder is on, and keep what follows out
 * of line: while it is off, a verb costs a branch and a jump. */
static __attribute__((noinline)) void recorded_decide(struct ration_record *rec, ration_cpu c,
                                                      ration_ns now,
                                                      struct ration_decision *decision,
                                                      struct ration_effects *fx)
{
	uint64_t answer;

	ration_decide(rec->instance, c, now, decision, fx);
	answer = record_effects(fx) + decision->until_ns * MIX_UNTIL + decision->switched;
	if (decision->vcpu == NULL)
		record_put(rec, RECORD_IDLE, c, 0, now, answer, NULL, 0);
	else
		record_put(rec, RECORD_DECIDE, c, decision->vcpu->slot, now, answer,
		           NULL, 0);
}

void ration_record_decide(struct ration_record *rec, ration_cpu c, ration_ns now,
                          struct ration_decision *decision, struct ration_effects *fx)
{
	if (rec->word != NULL)
		recorded_decide(rec, c, now, decision, fx);
	else
		ration_decide(rec->instance, c, now, decision, fx);
}

static __attribute__((noinline)) void recorded_saved(struct ration_record *rec, ration_cpu c,
                                                     ration_ns now, struct ration_effects *fx)
{
	ration_cpu_saved(rec->instance, c, now, fx);
	record_put(rec, RECORD_SAVED, c, 0, now, record_effects(fx), NULL, 0);
}

void ration_record_saved(struct ration_record *rec, ration_cpu c, ration_ns now,
                         struct ration_effects *fx)
{
	if (rec->word != NULL)
		recorded_saved(rec, c, now, fx);
	else
		ration_cpu_saved(rec->instance, c, now, fx);
}

void ration_record_expire(struct ration_record *rec, ration_ns now, struct ration_effects *fx)
{
	ration_expire(rec->instance, now, fx);
	if (rec->word != NULL)
		record_put(rec, RECORD_EXPIRE, rec->from, 0, now, record_effects(fx), NULL, 0);
}

int ration_record_cpu_down(struct ration_record *rec, ration_cpu c, bool force, ration_ns now,
                           struct ration_effects *fx, struct ration_refusal *why)
{
	struct ration_refusal kept = { 0 };
	int status = ration_cpu_down(rec->instance, c, force, now, fx, &kept);
	/* A number that does not fit is no CPU's, and nor is 127. */
	uint64_t cpu = c < RECORD_NOWHERE ? c : RECORD_NOWHERE;

	record_hand_on(status, &kept, why);
	if (rec->word != NULL)
		record_put(rec, RECORD_CPU_DOWN, cpu, force, now, record_status(status, &kept, fx),
		           NULL, 0);
	return status;
}

int ration_record_cpu_up(struct ration_record *rec, ration_cpu c, ration_ns now,
                         struct ration_effects *fx)
{
	int status = ration_cpu_up(rec->instance, c, now, fx);
	uint64_t cpu = c < RECORD_NOWHERE ? c : RECORD_NOWHERE;

	if (rec->word != NULL)
		record_put(rec, RECORD_CPU_UP, cpu, 0, now, record_status(status, NULL, fx), NULL, 0);
	return status;
}

/* ---- vCPUs ------------------------------------------------------------- */

static inline void record_vcpu(struct ration_record *rec, uint64_t verb,
                               const struct ration_vcpu *v, ration_ns now,
                               const struct ration_effects *fx)
{
	record_put(rec, verb, rec->from, v->slot, now, record_effects(fx), NULL, 0);
}

static __attribute__((noinline)) void recorded_wake(struct ration_record *rec,
                                                    struct ration_vcpu *v, ration_ns now,
                                                    struct ration_effects *fx)
{
	ration_vcpu_wake(rec->instance, v, now, fx);
	record_vcpu(rec, RECORD_WAKE, v, now, fx);
}

void ration_record_wake(struct ration_record *rec, struct ration_vcpu *v, ration_ns now,
                        struct ration_effects *fx)
{
	if (rec->word != NULL)
		recorded_wake(rec, v, now, fx);
	else
		ration_vcpu_wake(rec->instance, v, now, fx);
}

static __attribute__((noinline)) void recorded_block(struct ration_record *rec,
                                                     struct ration_vcpu *v, ration_ns now,
                                                     struct ration_effects *fx)
{
	ration_vcpu_block(rec->instance, v, now, fx);
	record_vcpu(rec, RECORD_BLOCK, v, now, fx);
}

void ration_record_block(struct ration_record *rec, struct ration_vcpu *v, ration_ns now,
                         struct ration_effects *fx)
{
	if (rec->word != NULL)
		recorded_block(rec, v, now, fx);
	else
		ration_vcpu_block(rec->instance, v, now, fx);
}

static __attribute__((noinline)) void recorded_yield(struct ration_record *rec,
                                                     struct ration_vcpu *v, ration_ns now,
                                                     struct ration_effects *fx)
{
	ration_vcpu_yield(rec->instance, v, now, fx);
	record_vcpu(rec, RECORD_YIELD, v, now, fx);
}

void ration_record_yield(struct ration_record *rec, struct ration_vcpu *v, ration_ns now,
                         struct ration_effects *fx)
{
	if (rec->word != NULL)
		recorded_yield(rec, v, now, fx);
	else
		ration_vcpu_yield(rec->instance, v, now, fx);
}

void ration_record_yield_to(struct ration_record *rec, struct ration_vcpu *v,
                            struct ration_vcpu *other, ration_ns now, struct ration_effects *fx)
{
	uint64_t arg = other->slot;

	ration_vcpu_yield_to(rec->instance, v, other, now, fx);
	if (rec->word != NULL)
		record_put(rec, RECORD_YIELD_TO, rec->from, v->slot, now,
		           record_effects(fx), &arg, 1);
}

void ration_record_pause(struct ration_record *rec, struct ration_vcpu *v, ration_ns now,
                         struct ration_effects *fx)
{
	ration_vcpu_pause(rec->instance, v, now, fx);
	if (rec->word != NULL)
		record_vcpu(rec, RECORD_PAUSE, v, now, fx);
}

void ration_record_resume(struct ration_record *rec, struct ration_vcpu *v, ration_ns now,
                          struct ration_effects *fx)
{
	ration_vcpu_resume(rec->instance, v, now, fx);
	if (rec->word != NULL)
		record_vcpu(rec, RECORD_RESUME, v, now, fx);
}

void ration_record_down(struct ration_record *rec, struct ration_vcpu *v, ration_ns now,
                        struct ration_effects *fx)
{
	ration_vcpu_down(rec->instance, v, now, fx);
	if (rec->word != NULL)
		record_vcpu(rec, RECORD_DOWN, v, now, fx);
}

void ration_record_up(struct ration_record *rec, struct ration_vcpu *v, ration_ns now,
                      struct ration_effects *fx)
{
	ration_vcpu_up(rec->instance, v, now, fx);
	if (rec->word != NULL)
		record_vcpu(rec, RECORD_UP, v, now, fx);
}

int ration_record_pin(struct ration_record *rec, struct ration_vcpu *v,
                      struct ration_affinity affinity, ration_ns now, struct ration_effects *fx,
                      struct ration_refusal *why)
{
	const uint64_t arg[2] = { affinity.hard, affinity.soft };
	struct ration_refusal kept = { 0 };
	int status = ration_vcpu_pin(rec->instance, v, affinity, now, fx, &kept);

	record_hand_on(status, &kept, why);
	if (rec->word != NULL)
		record_put(rec, RECORD_PIN, rec->from, v->slot, now,
		           record_status(status, &kept, fx), arg, 2);
	return status;
}

int ration_record_admit(struct ration_record *rec, struct ration_dom *dom, uint32_t idx,
                        struct ration_affinity affinity, ration_ns now, struct ration_effects *fx,
                        struct ration_vcpu **vcpu, struct ration_refusal *why)
{
	const uint64_t arg[3] = { idx, affinity.hard, affinity.soft };
	struct ration_refusal kept = { 0 };
	uint64_t answer;
	int status = ration_vcpu_admit(rec->instance, dom, idx, affinity, now, fx, vcpu, &kept);

	record_hand_on(status, &kept, why);
	if (rec->word == NULL)
		return status;
	answer = record_status(status, &kept, fx);
	if (status == RATION_OK)
		answer += (*vcpu)->slot * MIX_UNTIL;
	record_put(rec, RECORD_ADMIT, rec->from, dom->slot, now, answer, arg, 3);
	return status;
}

int ration_record_leave(struct ration_record *rec, struct ration_vcpu *v, ration_ns now,
                        struct ration_effects *fx)
{
	uint32_t slot = v->slot;
	int status = ration_vcpu_leave(rec->instance, v, now, fx);

	if (rec->word != NULL)
		record_put(rec, RECORD_LEAVE, rec->from, slot, now,
		           record_status(status, NULL, fx), NULL, 0);
	return status;
}

/* ---- Domains ----------------------------------------------------------- */

int ration_record_dom_admit(struct ration_record *rec, uint32_t id, const struct ration_attr *attr,
                            ration_ns now, struct ration_effects *fx, struct ration_dom **dom)
{
	uint64_t arg[1 + RATION_RECORD_ATTR_WORDS], answer;
	int status = ration_dom_admit(rec->instance, id, attr, now, fx, dom);

	if (rec->word == NULL)
		return status;
	arg[0] = id;
	ration_record_attr_put(attr, arg + 1);
	answer = record_status(status, NULL, fx);
	if (status == RATION_OK)
		answer += (*dom)->slot * MIX_UNTIL;
	record_put(rec, RECORD_DOM_ADMIT, rec->from, 0, now, answer, arg,
	           1 + RATION_RECORD_ATTR_WORDS);
	return status;
}

int ration_record_dom_leave(struct ration_record *rec, struct ration_dom *dom, ration_ns now,
                            struct ration_effects *fx)
{
	uint32_t slot = dom->slot;
	int status = ration_dom_leave(rec->instance, dom, now, fx);

	if (rec->word != NULL)
		record_put(rec, RECORD_DOM_LEAVE, rec->from, slot, now,
		           record_status(status, NULL, fx), NULL, 0);
	return status;
}

int ration_record_dom_set(struct ration_record *rec, struct ration_dom *dom,
                          const struct ration_attr *attr, ration_ns now, struct ration_effects *fx,
                          struct ration_refusal *why)
{
	uint64_t arg[RATION_RECORD_ATTR_WORDS];
	struct ration_refusal kept = { 0 };
	int status = ration_dom_set(rec->instance, dom, attr, now, fx, &kept);

	record_hand_on(status, &kept, why);
	if (rec->word == NULL)
		return status;
	ration_record_attr_put(attr, arg);
	record_put(rec, RECORD_DOM_SET, rec->from, dom->slot, now,
	           record_status(status, &kept, fx), arg, RATION_RECORD_ATTR_WORDS);
	return status;
}

static void record_dom(struct ration_record *rec, uint64_t verb, const struct ration_dom *dom,
                       ration_ns now, const struct ration_effects *fx)
{
	if (rec->word != NULL)
		record_put(rec, verb, rec->from, dom->slot, now, record_effects(fx),
		           NULL, 0);
}

void ration_record_dom_pause(struct ration_record *rec, struct ration_dom *dom, ration_ns now,
                             struct ration_effects *fx)
{
	ration_dom_pause(rec->instance, dom, now, fx);
	record_dom(rec, RECORD_DOM_PAUSE, dom, now, fx);
}

void ration_record_dom_resume(struct ration_record *rec, struct ration_dom *dom, ration_ns now,
                              struct ration_effects *fx)
{
	ration_dom_resume(rec->instance, dom, now, fx);
	record_dom(rec, RECORD_DOM_RESUME, dom, now, fx);
}

void ration_record_dom_charge(struct ration_record *rec, struct ration_dom *dom, ration_ns ns,
                              enum ration_helper kind, ration_ns now, struct ration_effects *fx)
{
	const uint64_t arg[2] = { ns, kind };

	ration_dom_charge(rec->instance, dom, ns, kind, now, fx);
	if (rec->word != NULL)
		record_put(rec, RECORD_DOM_CHARGE, rec->from, dom->slot, now,
		           record_effects(fx), arg, 2);
}

/* ---- The instance ------------------------------------------------------ */

int ration_record_params_set(struct ration_record *rec, const struct ration_params *params,
                             ration_ns now, struct ration_effects *fx)
{
	const uint64_t arg[2] = { params->tslice_ns, params->ratelimit_ns };
	int status = ration_params_set(rec->instance, params, now, fx);

	if (rec->word != NULL)
		record_put(rec, RECORD_PARAMS, rec->from, 0, now, record_status(status, NULL, fx),
		           arg, 2);
	return status;
}

int ration_record_policy_set(struct ration_record *rec, const struct ration_policy *policy,
                             ration_ns now, struct ration_effects *fx, struct ration_refusal *why)
{
	struct ration_refusal kept = { 0 };
	uint32_t i = 0;
	int status;

	while (i < rec->policy_count && rec->policies[i] != policy)
		i++;
	RATION_ASSERT(i < rec->policy_count);
	status = ration_policy_set(rec->instance, policy, now, fx, &kept);
	record_hand_on(status, &kept, why);
	if (rec->word != NULL)
		record_put(rec, RECORD_POLICY, rec->from, i, now, record_status(status, &kept, fx),
		           NULL, 0);
	return status;
}

void ration_record_end(struct ration_record *rec, ration_ns now)
{
	if (rec->word == NULL)
		return;
	rec->room += END_WORDS;
	record_put(rec, RECORD_END, RECORD_NOWHERE, 0, now, 0, NULL, 0);
	rec->word = NULL;
}

void ration_record_name(struct ration_record *rec, const struct ration_dom *dom, const char *text)
{
	uint64_t arg[RATION_RECORD_ARG_MAX] = { 0 };
	uint32_t length = 0;

	if (rec->word == NULL)
		return;
	while (length < RATION_RECORD_NAME_MAX && text[length] != '\0')
		length++;
	__builtin_memcpy(arg, text, length);
	record_put(rec, RECORD_NAME, (length + 7) / 8, dom->slot, rec->last_ns, 0,
	           arg, (length + 7) / 8);
}
