/* SPDX-License-Identifier: BSD-2-Clause */
#include "verb.h"

#include "admin.h"
#include "domain.h"
#include "options.h"
#include "books.h"
#include "text.h"

#define WORD_SIZE 128u

static char verb_text[200];

static const char *verb_wrong(const char *what, const char *why)
{
	(void)text_print(verb_text, sizeof(verb_text), "%s: %s", what, why);
	return verb_text;
}

static const char *verb_status(const char *what, int status, const struct ration_refusal *why)
{
	return status == RATION_OK ? NULL : domain_refused(what, status, why);
}

/* A verb under the port's lock, and its effects handed over. */
#define VERB(call) __extension__ ({ \
	struct ration_effects fx = { 0, RATION_NEVER }; \
	ration_ns now = ration_port_begin(&hv.port, cpu_self()->id); \
	int verb_result = (call); \
	if (verb_result != RATION_OK) \
		fx = (struct ration_effects){ 0, hv.port.expire_ns }; \
	ration_port_end(&hv.port, &fx); \
	verb_result; })
#define RECORD (&hv.port.record)

/* ---- Words ------------------------------------------------------------- */

static struct domain *verb_domain(const char **at)
{
	char word[WORD_SIZE];

	return text_word(at, word, sizeof(word)) ? domain_find(word) : NULL;
}

/* "web1" or "web1.2": the vCPU, or all of them (*idx is then DOMAIN_VCPU_MAX). */
static struct domain *verb_vcpu(const char **at, uint32_t *idx)
{
	char word[WORD_SIZE], *dot;
	struct domain *d;
	uint64_t number;

	if (!text_word(at, word, sizeof(word)))
		return NULL;
	for (dot = word; *dot != '\0' && *dot != '.'; dot++)
		;
	*idx = DOMAIN_VCPU_MAX;
	if (*dot == '.') {
		*dot = '\0';
		if (!text_number(dot + 1, DOMAIN_VCPU_MAX - 1, &number))
			return NULL;
		*idx = (uint32_t)number;
	}
	d = domain_find(word);
	if (d == NULL || (*idx != DOMAIN_VCPU_MAX && *idx >= d->config.vcpu_count))
		return NULL;
	return d;
}

static bool verb_number(const char **at, uint64_t most, uint64_t *value)
{
	char word[WORD_SIZE];

	return text_word(at, word, sizeof(word)) && text_number(word, most, value);
}

static bool verb_time(const char **at, uint64_t unit_ns, ration_ns *value)
{
	char word[WORD_SIZE];

	return text_word(at, word, sizeof(word)) && text_time(word, unit_ns, value);
}

/* ---- Domains ----------------------------------------------------------- */

static const char *verb_create(const char *at)
{
	struct domain_config config;
	const char *wrong = domain_config_read(&config, at, NULL);

	return wrong != NULL ? wrong : domain_create(&config);
}

static const char *verb_destroy(const char *at)
{
	struct domain *d = verb_domain(&at);

	if (d == NULL)
		return "a domain's name expected";
	domain_end(d, DOMAIN_ENDS, "destroyed");
	return NULL;
}

static const char *verb_reset(const char *at)
{
	struct domain *d = verb_domain(&at);

	if (d == NULL)
		return "a domain's name expected";
	d->resets = 0;
	domain_end(d, DOMAIN_RESETS, "reset");
	return NULL;
}

static const char *verb_pause(const char *at)
{
	struct domain *d = verb_domain(&at);

	if (d == NULL || d->paused)
		return "the name of a domain that is not paused expected";
	d->paused = true;
	(void)VERB((ration_record_dom_pause(RECORD, d->ration, now, &fx), RATION_OK));
	return NULL;
}

static const char *verb_resume(const char *at)
{
	struct domain *d = verb_domain(&at);

	if (d == NULL || !d->paused)
		return "the name of a domain that is paused expected";
	d->paused = false;
	(void)VERB((ration_record_dom_resume(RECORD, d->ration, now, &fx), RATION_OK));
	return NULL;
}

/* As they are now, whoever set them. */
static struct ration_attr verb_attr(const struct domain *d)
{
	struct ration_attr attr;

	(void)ration_port_begin(&hv.port, cpu_self()->id);
	ration_dom_get(d->ration, &attr);
	ration_port_end(&hv.port, NULL);
	return attr;
}

static const char *verb_attr_set(struct domain *d, const struct ration_attr *attr)
{
	struct ration_refusal why = { .reason = RATION_REFUSED_NOTHING };
	int status = VERB(ration_record_dom_set(RECORD, d->ration, attr, now, &fx, &why));

	return verb_status(d->config.name, status, &why);
}

static const char *verb_weight(const char *at)
{
	struct domain *d = verb_domain(&at);
	struct ration_attr attr;
	uint64_t value;

	if (d == NULL || !verb_number(&at, RATION_WEIGHT_MAX, &value))
		return "a domain's name and a weight expected";
	attr = verb_attr(d);
	attr.weight = (uint32_t)value;
	return verb_attr_set(d, &attr);
}

/* Of the two limits in percent of a CPU, the one that is meant. */
static const char *verb_percent(const char *at, bool is_cap)
{
	struct domain *d = verb_domain(&at);
	struct ration_attr attr;
	uint64_t value;

	if (d == NULL || !verb_number(&at, 6400, &value))
		return "a domain's name and a percentage expected";
	attr = verb_attr(d);
	*(is_cap ? &attr.cap_ppm : &attr.floor_ppm) = (uint32_t)value * (RATION_PPM / 100);
	return verb_attr_set(d, &attr);
}

static const char *verb_cap(const char *at)
{
	return verb_percent(at, true);
}

static const char *verb_floor(const char *at)
{
	return verb_percent(at, false);
}

static const char *verb_sedf(const char *at)
{
	struct domain *d = verb_domain(&at);
	struct ration_attr attr;
	uint64_t extra;

	if (d == NULL)
		return "a domain's name expected";
	attr = verb_attr(d);
	if (!verb_time(&at, RATION_NS_PER_MS, &attr.period_ns) ||
	    !verb_time(&at, RATION_NS_PER_MS, &attr.slice_ns))
		return "a period and a slice expected";
	if (verb_time(&at, RATION_NS_PER_MS, &attr.latency_ns) && verb_number(&at, 1, &extra))
		attr.extratime = extra != 0;
	return verb_attr_set(d, &attr);
}

static int verb_pin_one(struct domain *d, uint32_t i, struct ration_affinity to,
                        struct ration_refusal *why)
{
	return VERB(ration_record_pin(RECORD, d->vcpu[i]->ration, to, now, &fx, why));
}

/* From vCPU `first` to before `end`, all or none: what was admitted a moment ago is
 * admitted again. */
static int verb_pin_all(struct domain *d, uint32_t first, uint32_t end, struct ration_affinity to,
                        struct ration_refusal *why)
{
	struct ration_affinity before[DOMAIN_VCPU_MAX];
	struct ration_vcpu_info info;
	int status = RATION_OK;
	uint32_t i;

	for (i = first; i < end && status == RATION_OK; i++) {
		(void)ration_port_begin(&hv.port, cpu_self()->id);
		ration_vcpu_info_get(d->vcpu[i]->ration, &info);
		ration_port_end(&hv.port, NULL);
		before[i] = info.affinity;
		status = verb_pin_one(d, i, to, why);
	}
	for (end = i - 1, i = first; i < end && status != RATION_OK; i++)
		(void)verb_pin_one(d, i, before[i], NULL);
	return status;
}

static const char *verb_pin(const char *at)
{
	struct ration_refusal why = { .reason = RATION_REFUSED_NOTHING };
	struct ration_affinity affinity = { 0, RATION_CPUSET_ALL };
	char word[WORD_SIZE];
	struct domain *d;
	uint32_t idx;
	int status;

	d = verb_vcpu(&at, &idx);
	if (d == NULL || !text_word(&at, word, sizeof(word)) ||
	    ration_cpulist_parse(word, text_length(word), hv.cpu_count, &affinity.hard, NULL) != 0)
		return "NAME or NAME.VCPU and a list of CPUs expected";
	if (idx == DOMAIN_VCPU_MAX)
		status = verb_pin_all(d, 0, d->config.vcpu_count, affinity, &why);
	else
		status = verb_pin_one(d, idx, affinity, &why);
	return verb_status(d->config.name, status, &why);
}

/* ---- vCPUs and CPUs on and off line ------------------------------------ */

static bool verb_on(const char **at, bool *on)
{
	char word[WORD_SIZE];

	if (!text_word(at, word, sizeof(word)))
		return false;
	*on = text_equal(word, "on");
	return *on || text_equal(word, "off");
}

static const char *verb_vcpu_set(const char *at)
{
	struct domain *d;
	uint32_t idx;
	bool on;

	d = verb_vcpu(&at, &idx);
	if (d == NULL || idx == DOMAIN_VCPU_MAX || !verb_on(&at, &on))
		return "NAME.VCPU and on or off expected";
	if (on)
		(void)VERB((ration_record_up(RECORD, d->vcpu[idx]->ration, now, &fx), RATION_OK));
	else
		(void)VERB((ration_record_down(RECORD, d->vcpu[idx]->ration, now, &fx), RATION_OK));
	return NULL;
}

static const char *verb_cpu(const char *at)
{
	struct ration_refusal why = { .reason = RATION_REFUSED_NOTHING };
	uint64_t c;
	int status;
	bool on;

	if (!verb_number(&at, hv.cpu_count - 1, &c) || !verb_on(&at, &on))
		return "a CPU and on or off expected";
	if (on && !hv.cpu[c].present)
		return "that CPU did not come up";
	if (on)
		status = VERB(ration_record_cpu_up(RECORD, (ration_cpu)c, now, &fx));
	else
		status = VERB(ration_record_cpu_down(RECORD, (ration_cpu)c, false, now, &fx, &why));
	return verb_status("cpu", status, &why);
}

/* ---- The instance ------------------------------------------------------ */

static const char *verb_policy(const char *at)
{
	struct ration_refusal why = { .reason = RATION_REFUSED_NOTHING };
	const struct ration_policy *policy;
	char word[WORD_SIZE];

	if (!text_word(&at, word, sizeof(word)) || (policy = options_policy(word)) == NULL)
		return "credit, sedf or rr expected";
	return verb_status(word, VERB(ration_record_policy_set(RECORD, policy, now, &fx, &why)), &why);
}

static const char *verb_params(const char *at, bool is_tslice)
{
	struct ration_params params;
	ration_ns value;

	if (!verb_time(&at, is_tslice ? RATION_NS_PER_MS : RATION_NS_PER_US, &value))
		return "a time expected";
	ration_params_get(hv.ration, &params);
	if (is_tslice)
		params.tslice_ns = value;
	else
		params.ratelimit_ns = value;
	return verb_status("params", VERB(ration_record_params_set(RECORD, &params, now, &fx)), NULL);
}

static const char *verb_tslice(const char *at)
{
	return verb_params(at, true);
}

static const char *verb_ratelimit(const char *at)
{
	return verb_params(at, false);
}

static const char *verb_ledger(const char *at)
{
	(void)at;
	books_print();
	return NULL;
}

/* For who looks for what hangs: where each vCPU stands.  Of those that run, where they
 * last left. */
static const char *verb_where(const char *at)
{
	uint32_t i, k;

	(void)at;
	for (i = 0; i < DOMAIN_MAX; i++)
		for (k = 0; domain_list[i].state != DOMAIN_NONE &&
		            k < domain_list[i].config.vcpu_count; k++) {
			const struct vcpu *v = domain_list[i].vcpu[k];

			say("where %s.%u rip=%lx if=%u halted=%u sipi=%u sleeps=%u on=%d pending=%u "
			    "want=%x fire_ns=%lu exit=%lx", domain_list[i].config.name, k, v->vmcb->rip,
			    (v->vmcb->rflags & RFLAGS_IF) != 0, v->halted, v->waits_for_sipi,
			    v->sleeping, (int)v->on_cpu, vapic_pending(v), v->want, v->apic.fire_ns,
			    v->vmcb->exit_code);
		}
	return NULL;
}

static const char *verb_say(const char *at)
{
	while (*at == ' ')
		at++;
	say("%s", at);
	return NULL;
}

static const char *verb_quit(const char *at)
{
	(void)at;
	admin_finish();
}

/* ---- All of them ------------------------------------------------------- */

static const struct {
	const char *name;
	const char *(*run)(const char *at);
} verb_list[] = {
	{ "domain", verb_create }, { "destroy", verb_destroy }, { "reset", verb_reset },
	{ "pause", verb_pause }, { "resume", verb_resume }, { "weight", verb_weight },
	{ "cap", verb_cap }, { "floor", verb_floor }, { "sedf", verb_sedf }, { "pin", verb_pin },
	{ "vcpu", verb_vcpu_set }, { "cpu", verb_cpu }, { "policy", verb_policy },
	{ "tslice", verb_tslice }, { "ratelimit", verb_ratelimit }, { "ledger", verb_ledger },
	{ "where", verb_where }, { "say", verb_say }, { "quit", verb_quit }
};

const char *verb_run(const char *line)
{
	char word[WORD_SIZE];
	size_t i;

	if (!text_word(&line, word, sizeof(word)))
		return "a command expected";
	for (i = 0; i < sizeof(verb_list) / sizeof(verb_list[0]); i++)
		if (text_equal(verb_list[i].name, word))
			return verb_list[i].run(line);
	return verb_wrong(word, "no such command");
}
