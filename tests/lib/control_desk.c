/* SPDX-License-Identifier: BSD-2-Clause */
/* control_desk.c - a machine on the desk that can be controlled; see control_desk.h. */
#include "control_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct ration_policy *const desk_policies[] = {
	&ration_credit, &ration_sedf, &ration_rr
};

/* ---- The port's host --------------------------------------------------- */

static void desk_lock(void *context)
{
	struct desk *d = context;

	RATION_ASSERT(d->held++ == 0);
}

static void desk_unlock(void *context)
{
	struct desk *d = context;

	RATION_ASSERT(--d->held == 0);
}

static ration_ns desk_now(void *context)
{
	return ((struct desk *)context)->clock_ns;
}

static void desk_kick(void *context, ration_cpu c)
{
	((struct desk *)context)->kicked |= ration_cpuset_of(c);
}

static void desk_timer(void *context, ration_cpu c, ration_ns at_ns)
{
	((struct desk *)context)->timer_ns[c] = at_ns;
}

static void desk_save(void *context, ration_cpu c, struct ration_vcpu *v)
{
	(void)context, (void)c, (void)v;
}

static bool desk_pending(void *context, struct ration_vcpu *v)
{
	(void)context, (void)v;
	return false;
}

/* ---- Domains ----------------------------------------------------------- */

static struct desk_dom *desk_find(struct desk *d, uint32_t id)
{
	for (uint32_t i = 0; i < DESK_DOM_MAX; i++)
		if (d->dom[i].is_used && d->dom[i].id == id)
			return &d->dom[i];
	return NULL;
}

static int desk_none(uint32_t id, struct ration_reason *why)
{
	ration_reason_text(why, "no domain ");
	ration_reason_number(why, id);
	return RATION_CONTROL_E_NONE;
}

static void desk_print(struct desk_dom *dom, const void *bytes, size_t size)
{
	const uint8_t *from = bytes;

	for (size_t i = 0; i < size; i++)
		dom->console[dom->printed++ % DESK_CONSOLE_MAX] = from[i];
}

static void desk_leave(struct desk *d, struct ration_dom *dom)
{
	struct ration_vcpu *v;
	struct ration_effects fx;

	while ((v = ration_vcpu_first(dom)) != NULL) {
		ration_ns now = ration_port_begin(&d->port, RATION_CPU_NONE);
		int status = ration_record_leave(&d->port.record, v, now, &fx);

		ration_port_end(&d->port, &fx);
		if (status == RATION_E_BUSY)
			desk_run(d, RATION_NS_PER_US);
	}
	(void)ration_record_dom_leave(&d->port.record, dom,
	                              ration_port_begin(&d->port, RATION_CPU_NONE), &fx);
	ration_port_end(&d->port, &fx);
}

static int desk_admit(struct desk *d, struct desk_dom *to, uint32_t vcpus,
                      const struct ration_attr *attr, bool wakes)
{
	struct ration_affinity all = { RATION_CPUSET_NONE, RATION_CPUSET_ALL };
	struct ration_effects fx;
	struct ration_dom *dom;
	struct ration_vcpu *v;
	int status;

	all.hard = ration_cpuset_first_count(d->config.limits.cpu_count);
	status = ration_record_dom_admit(&d->port.record, to->id, attr,
	                                 ration_port_begin(&d->port, RATION_CPU_NONE), &fx, &dom);
	if (status == RATION_OK)
		ration_record_name(&d->port.record, dom, to->name);
	ration_port_end(&d->port, &fx);
	for (uint32_t i = 0; status == RATION_OK && i < vcpus; i++) {
		ration_ns now = ration_port_begin(&d->port, RATION_CPU_NONE);

		status = ration_record_admit(&d->port.record, dom, i, all, now, &fx, &v, NULL);
		ration_port_end(&d->port, &fx);
		if (status == RATION_OK && wakes)
			ration_port_wake(&d->port, RATION_CPU_NONE, v);
		if (status != RATION_OK)
			desk_leave(d, dom);
	}
	return status;
}

static int desk_make(void *context, const char *text, uint32_t length, uint32_t *id,
                     struct ration_reason *why)
{
	struct desk *d = context;
	struct desk_dom *dom = NULL;
	struct ration_attr attr;
	char line[128] = "", file[8];
	unsigned vcpus = 1, weight = 256;
	int status;

	for (uint32_t i = 0; dom == NULL && i < DESK_DOM_MAX; i++)
		dom = d->dom[i].is_used ? NULL : &d->dom[i];
	if (dom == NULL)
		return RATION_E_FULL;
	memset(dom, 0, sizeof *dom);
	memcpy(line, text, length < sizeof line ? length : sizeof line - 1);
	if (sscanf(line, "name=%31s image=%7s vcpus=%u weight=%u", dom->name, file, &vcpus,
	           &weight) < 2 || (strcmp(file, "hog") != 0 && strcmp(file, "idle") != 0)) {
		ration_reason_text(why, "no image of that name, expected hog or idle");
		return RATION_CONTROL_E_HOST;
	}
	ration_attr_default(&attr);
	attr.weight = weight;
	dom->id = d->next_id;
	status = desk_admit(d, dom, vcpus, &attr, file[0] == 'h');
	if (status != RATION_OK)
		return status;
	dom->is_used = true;
	*id = d->next_id++;
	desk_print(dom, "hello from ", 11);
	desk_print(dom, dom->name, strlen(dom->name));
	desk_print(dom, "\n", 1);
	return RATION_OK;
}

static int desk_destroy(void *context, uint32_t id, struct ration_reason *why)
{
	struct desk *d = context;
	struct desk_dom *dom = desk_find(d, id);

	if (dom == NULL)
		return desk_none(id, why);
	desk_leave(d, ration_dom_find(d->r, id));
	dom->is_used = false;
	return RATION_OK;
}

static int desk_pause(void *context, uint32_t id, bool pause, struct ration_reason *why)
{
	struct desk *d = context;
	struct desk_dom *dom = desk_find(d, id);
	struct ration_effects fx;
	ration_ns now;

	if (dom == NULL)
		return desk_none(id, why);
	if (dom->is_paused == pause)
		return RATION_OK;
	dom->is_paused = pause;
	now = ration_port_begin(&d->port, RATION_CPU_NONE);
	if (pause)
		ration_record_dom_pause(&d->port.record, ration_dom_find(d->r, id), now, &fx);
	else
		ration_record_dom_resume(&d->port.record, ration_dom_find(d->r, id), now, &fx);
	ration_port_end(&d->port, &fx);
	return RATION_OK;
}

static int desk_describe(void *context, uint32_t id, struct ration_control_domain *domain)
{
	struct desk_dom *dom = desk_find(context, id);

	if (dom == NULL)
		return RATION_CONTROL_E_NONE;
	memcpy(domain->name, dom->name, sizeof dom->name);
	domain->memory_bytes = (uint64_t)64 << 20;
	domain->flags = (id == 1 ? RATION_CONTROL_PRIVILEGED : 0) |
	                (dom->is_paused ? RATION_CONTROL_PAUSED : 0);
	return RATION_OK;
}

static int desk_console_read(void *context, uint32_t id, uint64_t *from, uint8_t *to,
                             uint32_t *size, struct ration_reason *why)
{
	struct desk_dom *dom = desk_find(context, id);
	uint64_t oldest;
	uint32_t count = 0;

	if (dom == NULL)
		return desk_none(id, why);
	oldest = dom->printed > DESK_CONSOLE_MAX ? dom->printed - DESK_CONSOLE_MAX : 0;
	if (*from < oldest)
		*from = oldest;
	if (*from > dom->printed)
		*from = dom->printed;
	for (; count < *size && *from + count < dom->printed; count++)
		to[count] = dom->console[(*from + count) % DESK_CONSOLE_MAX];
	*size = count;
	return RATION_OK;
}

static int desk_console_write(void *context, uint32_t id, const uint8_t *bytes, uint32_t *size,
                              struct ration_reason *why)
{
	struct desk_dom *dom = desk_find(context, id);

	if (dom == NULL)
		return desk_none(id, why);
	if (*size > 100)
		*size = 100;
	desk_print(dom, bytes, *size);
	return RATION_OK;
}

static int desk_shutdown(void *context, bool is_reset, struct ration_reason *why)
{
	(void)why;
	((struct desk *)context)->shut_down = 1 + is_reset;
	return RATION_OK;
}

/* ---- The machine ------------------------------------------------------- */

void desk_open(struct desk *d, uint32_t cpu_count, const struct ration_topology *topology)
{
	struct ration_port_host port = { d, desk_lock, desk_unlock, desk_now, desk_kick, desk_timer,
		desk_save, desk_pending };
	struct ration_control_host host = { d, desk_make, desk_destroy, desk_pause, desk_describe,
		desk_console_read, desk_console_write, desk_shutdown };
	size_t size;

	memset(d, 0, sizeof *d);
	d->config.limits.cpu_count = cpu_count;
	d->config.limits.dom_count = DESK_DOM_MAX;
	d->config.limits.vcpu_count = 80;
	d->config.policies = desk_policies;
	d->config.policy_count = 3;
	d->config.params.tslice_ns = RATION_TSLICE_DEFAULT_NS;
	d->config.params.ratelimit_ns = RATION_RATELIMIT_DEFAULT_NS;
	d->config.topology = topology;
	size = ration_size(desk_policies, 3, &d->config.limits);
	d->memory = aligned_alloc(16, (size + 15) / 16 * 16);
	RATION_ASSERT(d->memory != NULL);
	RATION_ASSERT(ration_init(d->memory, size, &d->config, 0, &d->r) == RATION_OK);
	ration_port_init(&d->port, &port, d->r, &d->config);
	ration_record_start(&d->port.record, d->ring, DESK_RING_WORDS, 0);
	ration_control_init(&d->control, &d->port, &d->config, 0, &host, "desk 1", "a desk");
	ration_control_open(&d->channel, &d->control, true, 0);
	d->next_id = 1;
	for (ration_cpu c = 0; c < RATION_CPU_MAX; c++)
		d->timer_ns[c] = RATION_NEVER;
}

void desk_close(struct desk *d)
{
	free(d->memory);
}

void desk_run(struct desk *d, ration_ns length_ns)
{
	static const struct ration_port_exit nothing = { RATION_EXIT_NONE, NULL };
	ration_ns end_ns = d->clock_ns + length_ns;

	for (;;) {
		ration_ns next = end_ns;

		for (ration_cpu c = 0; c < d->config.limits.cpu_count; c++) {
			while (ration_cpuset_has(d->kicked, c) || d->timer_ns[c] <= d->clock_ns) {
				d->kicked &= ~ration_cpuset_of(c);
				d->timer_ns[c] = RATION_NEVER;
				(void)ration_port_run(&d->port, c, nothing);
			}
		}
		for (ration_cpu c = 0; c < d->config.limits.cpu_count; c++)
			if (d->timer_ns[c] < next)
				next = d->timer_ns[c];
		if (d->kicked != 0)
			continue;
		if (d->clock_ns == end_ns)
			break;
		d->clock_ns = next > d->clock_ns ? next : d->clock_ns;
	}
}

uint32_t desk_create(struct desk *d, const char *text)
{
	struct ration_reason why = { .length = 0 };
	uint32_t id = 0;

	return desk_make(d, text, (uint32_t)strlen(text), &id, &why) == RATION_OK ? id : 0;
}

size_t desk_talk(struct desk *d, const uint8_t *bytes, size_t size, uint8_t *reply, size_t room)
{
	size_t got = 0, taken = 0, count;

	do {
		count = ration_control_put(&d->channel, bytes + taken, size - taken);
		taken += count;
		got += ration_control_take(&d->channel, reply + got, room - got);
		desk_run(d, 10 * RATION_NS_PER_US);
	} while (taken < size && (count != 0 || room - got != 0));
	return got;
}
