/* SPDX-License-Identifier: BSD-2-Clause */
#include "domain.h"

#include "admin.h"
#include "memory.h"
#include "books.h"
#include "text.h"

struct domain domain_list[DOMAIN_MAX];
static uint32_t domain_next_id;

/* A guest that falls over again before it ran so long is let lie. */
#define RESET_LEAST_NS RATION_NS_PER_S

struct domain *domain_find(const char *name)
{
	uint32_t i;

	for (i = 0; i < DOMAIN_MAX; i++)
		if (domain_list[i].state != DOMAIN_NONE && text_equal(domain_list[i].config.name, name))
			return &domain_list[i];
	return NULL;
}

bool domain_is_any(void)
{
	uint32_t i;

	for (i = 0; i < DOMAIN_MAX; i++)
		if (FLAG_GET(domain_list[i].state) != DOMAIN_NONE)
			return true;
	return false;
}

/* ---- Memory ------------------------------------------------------------ */

_Static_assert(sizeof(struct vcpu) <= PAGE_SIZE, "a vCPU is a page");

static void domain_free(struct domain *d)
{
	uint32_t i;

	for (i = 0; i < d->config.vcpu_count; i++) {
		if (d->vcpu[i] == NULL)
			continue;
		if (d->vcpu[i]->vmcb != NULL)
			memory_page_give(d->vcpu[i]->vmcb);
		memory_page_give(d->vcpu[i]);
		d->vcpu[i] = NULL;
	}
	npt_fini(d);
	if (d->output != NULL)
		memory_page_give(d->output);
	FLAG_SET(d->state, DOMAIN_NONE);
}

static bool domain_allocate(struct domain *d)
{
	uint32_t i;

	if (!memory_reserve(d->frame_count))
		return false;
	d->output = memory_page_take();
	if (!npt_init(d) || d->output == NULL)
		return false;
	for (i = 0; i < d->config.vcpu_count; i++) {
		struct vcpu *v = d->vcpu[i] = memory_page_take();

		if (v == NULL || (v->vmcb = memory_page_take()) == NULL)
			return false;
		v->dom = d;
		v->idx = i;
		v->on_cpu = v->last_cpu = v->timer_cpu = RATION_CPU_NONE;
		v->apic.fire_ns = RATION_NEVER;
	}
	return true;
}

/* Into the state in which it is turned on.  No CPU has a context of it. */
static const char *domain_boot(struct domain *d)
{
	uint32_t i;

	d->tsc_begin = tsc_read();
	memset(d->uart, 0, sizeof(d->uart));
	for (i = 0; i < d->config.vcpu_count; i++) {
		timer_remove(d->vcpu[i]);
		svm_reset(d->vcpu[i]);
		d->vcpu[i]->want = 0;
		d->vcpu[i]->sleeping = true;
		d->vcpu[i]->waits_for_sipi = true;
	}
	return image_load(d);
}

/* ---- In the library ---------------------------------------------------- */

static void domain_withdraw(struct domain *d, ration_ns now, struct ration_effects *fx)
{
	uint32_t i;
	int status;

	for (i = 0; i < d->config.vcpu_count; i++) {
		if (d->vcpu[i]->ration == NULL)
			continue;
		status = ration_record_leave(&hv.port.record, d->vcpu[i]->ration, now, fx);
		RATION_ASSERT(status == RATION_OK);
		ration_port_effects(&hv.port, fx);
	}
	status = ration_record_dom_leave(&hv.port.record, d->ration, now, fx);
	RATION_ASSERT(status == RATION_OK);
	ration_port_effects(&hv.port, fx);
	d->ration = NULL;
}

static int domain_admit(struct domain *d, ration_ns now, struct ration_effects *fx,
                        struct ration_refusal *why)
{
	struct ration_record *record = &hv.port.record;
	int status = ration_record_dom_admit(record, d->id, &d->config.attr, now, fx, &d->ration);
	uint32_t i;

	if (status != RATION_OK)
		return status;
	ration_port_effects(&hv.port, fx);
	ration_record_name(record, d->ration, d->config.name);
	for (i = 0; i < d->config.vcpu_count; i++) {
		status = ration_record_admit(record, d->ration, i, d->config.affinity[i], now, fx,
		                             &d->vcpu[i]->ration, why);
		if (status != RATION_OK) {
			d->vcpu[i]->ration = NULL;
			domain_withdraw(d, now, fx);
			return status;
		}
		host_vcpu_set(d->vcpu[i]);
		ration_port_effects(&hv.port, fx);
	}
	return RATION_OK;
}

static void domain_name(void *context, uint32_t id, struct ration_reason *to)
{
	uint32_t i;

	/* Also of the one that is being made; numbers are not used again. */
	(void)context;
	for (i = 0; i < DOMAIN_MAX; i++)
		if (domain_list[i].id == id)
			ration_reason_text(to, domain_list[i].config.name);
}

const char *domain_refused(const char *what, int status, const struct ration_refusal *why)
{
	static struct ration_reason reason;

	reason.length = 0;
	ration_reason_text(&reason, what);
	ration_reason_text(&reason, ": ");
	ration_reason_refusal(&reason, status, why, NULL, domain_name, NULL);
	return reason.text;
}

/* Into the library, and off it goes. */
static const char *domain_start(struct domain *d)
{
	struct ration_refusal why = { .reason = RATION_REFUSED_NOTHING };
	struct ration_effects fx = { 0, RATION_NEVER };
	ration_ns now = ration_port_begin(&hv.port, cpu_self()->id);
	int status = domain_admit(d, now, &fx, &why);

	if (status == RATION_OK) {
		FLAG_SET(d->state, DOMAIN_LIVES);
		if (d->config.paused) {
			ration_record_dom_pause(&hv.port.record, d->ration, now, &fx);
			ration_port_effects(&hv.port, &fx);
			d->paused = true;
		}
		ration_record_wake(&hv.port.record, d->vcpu[0]->ration, now, &fx);
	}
	/* What failed changed nothing: its effects are those of the verb before. */
	if (status != RATION_OK)
		fx = (struct ration_effects){ 0, hv.port.expire_ns };
	ration_port_end(&hv.port, &fx);
	return status == RATION_OK ? NULL : domain_refused(d->config.name, status, &why);
}

const char *domain_create(const struct domain_config *config)
{
	const char *wrong = NULL;
	struct domain *d;
	uint32_t i;

	if (domain_find(config->name) != NULL)
		return "there is a domain of that name";
	for (i = 0; i < DOMAIN_MAX && domain_list[i].state != DOMAIN_NONE; i++)
		;
	if (i == DOMAIN_MAX)
		return "there are too many domains";
	d = &domain_list[i];
	memset(d, 0, sizeof(*d));
	d->config = *config;
	d->id = domain_next_id;
	d->frame_count = ((uint64_t)config->mem_mib << 20) / LARGE_SIZE;
	if (memory_free_frames() < d->frame_count + 2)
		return "there is not so much memory left";
	if (!domain_allocate(d))
		wrong = "there is no memory for its tables";
	if (wrong == NULL)
		wrong = domain_boot(d);
	if (wrong == NULL)
		wrong = domain_start(d);
	if (wrong == NULL)
		domain_next_id++;
	else
		domain_free(d);
	return wrong;
}

/* ---- Ending ------------------------------------------------------------ */

void domain_end(struct domain *d, enum domain_state state, const char *why)
{
	uint32_t lives = DOMAIN_LIVES;

	if (!__atomic_compare_exchange_n(&d->state, &lives, state, false, __ATOMIC_SEQ_CST,
	                                 __ATOMIC_SEQ_CST))
		return;
	d->why = why;
	FLAG_SET(d->must_pause, true);
	FLAG_SET(hv.work, 1);
}

void domain_pause(struct domain *d, bool pause)
{
	struct ration_effects fx;
	ration_ns now = ration_port_begin(&hv.port, cpu_self()->id);

	if (pause)
		ration_record_dom_pause(&hv.port.record, d->ration, now, &fx);
	else
		ration_record_dom_resume(&hv.port.record, d->ration, now, &fx);
	ration_port_end(&hv.port, &fx);
}

/* Between a decision and its saved the library names the new vCPU, the port the old one. */
bool domain_vcpu_is_on_cpu(const struct vcpu *v)
{
	bool is_on = false;
	uint32_t c;

	(void)ration_port_begin(&hv.port, cpu_self()->id);
	for (c = 0; c < hv.cpu_count; c++)
		is_on |= ration_cpu_vcpu(hv.ration, c) == v->ration ||
		         hv.port.cpu[c].running == v->ration;
	ration_port_end(&hv.port, NULL);
	return is_on || FLAG_GET(v->on_cpu) != RATION_CPU_NONE;
}

static void domain_bury(struct domain *d)
{
	struct ration_effects fx = { 0, RATION_NEVER };
	ration_ns now;
	uint32_t i;

	ration_lock_take(&d->lock);
	console_guest_flush(&d->line, d->config.name);
	ration_lock_release(&d->lock);
	books_keep(d);
	for (i = 0; i < d->config.vcpu_count; i++)
		timer_remove(d->vcpu[i]);
	now = ration_port_begin(&hv.port, cpu_self()->id);
	domain_withdraw(d, now, &fx);
	ration_port_end(&hv.port, &fx);
	say("%s: gone (%s)", d->config.name, d->why);
	domain_free(d);
}

static ration_ns domain_running_ns(const struct domain *d)
{
	struct ration_ledger ledger;
	ration_ns now = ration_port_begin(&hv.port, cpu_self()->id);

	ration_dom_ledger_get(hv.ration, d->ration, now, &ledger);
	ration_port_end(&hv.port, NULL);
	return ledger.running_ns;
}

static void domain_reset(struct domain *d)
{
	ration_ns running_ns = domain_running_ns(d);
	struct ration_effects fx;
	const char *wrong;
	ration_ns now;

	if (!d->config.restart ||
	    (d->resets != 0 && running_ns - d->reset_ns < RESET_LEAST_NS)) {
		domain_bury(d);
		return;
	}
	wrong = domain_boot(d);
	if (wrong != NULL) {
		d->why = wrong;
		domain_bury(d);
		return;
	}
	d->reset_ns = running_ns;
	d->resets++;
	say("%s: begins anew (%s)", d->config.name, d->why);
	FLAG_SET(d->state, DOMAIN_LIVES);
	domain_pause(d, false);
	now = ration_port_begin(&hv.port, cpu_self()->id);
	ration_record_wake(&hv.port.record, d->vcpu[0]->ration, now, &fx);
	ration_port_end(&hv.port, &fx);
}

/* False: a CPU has a context of it still. */
static bool domain_settle_one(struct domain *d, uint32_t state)
{
	uint32_t i;

	if (FLAG_GET(d->must_pause)) {
		domain_pause(d, true);
		FLAG_SET(d->must_pause, false);
	}
	for (i = 0; i < d->config.vcpu_count; i++)
		if (domain_vcpu_is_on_cpu(d->vcpu[i]))
			return false;
	if (state == DOMAIN_RESETS)
		domain_reset(d);
	else
		domain_bury(d);
	return true;
}

bool domain_settle(void)
{
	bool left = false;
	uint32_t i, state;

	for (i = 0; i < DOMAIN_MAX; i++) {
		state = FLAG_GET(domain_list[i].state);
		if (state == DOMAIN_ENDS || state == DOMAIN_RESETS)
			left |= !domain_settle_one(&domain_list[i], state);
	}
	return left;
}

/* ---- The console ------------------------------------------------------- */

void domain_output_put(struct domain *d, char c)
{
	d->output[d->output_count++ % PAGE_SIZE] = (uint8_t)c;
	console_guest(&d->line, d->config.name, c);
}

uint32_t domain_output_read(const struct domain *d, uint64_t *from, uint8_t *to, uint32_t size)
{
	uint32_t n = 0;

	if (*from > d->output_count)
		*from = d->output_count;
	if (d->output_count - *from > PAGE_SIZE)
		*from = d->output_count - PAGE_SIZE;
	while (n < size && *from + n < d->output_count) {
		to[n] = d->output[(*from + n) % PAGE_SIZE];
		n++;
	}
	return n;
}

bool domain_input_put(struct domain *d, uint8_t byte)
{
	if (d->input_count == sizeof(d->input))
		return false;
	d->input[(d->input_begin + d->input_count++) % sizeof(d->input)] = byte;
	return true;
}

uint8_t domain_input_take(struct domain *d)
{
	uint8_t byte;

	if (d->input_count == 0)
		return 0;
	byte = d->input[d->input_begin];
	d->input_begin = (d->input_begin + 1) % sizeof(d->input);
	d->input_count--;
	return byte;
}

uint32_t domain_input_is_there(const struct domain *d)
{
	return d->input_count != 0;
}
