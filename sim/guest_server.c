/* SPDX-License-Identifier: BSD-2-Clause */
/* Request servers: a queue for each domain; whichever vCPU of it sleeps takes
 * the oldest request, and so does one that has finished another. */
#include "engine.h"

struct vcpu *domain_sleeper(const struct domain *d)
{
	uint32_t word;

	for (word = 0; word * 64 < d->vcpu_count; word++)
		if (d->sleeping[word] != 0)
			return &d->vcpu[word * 64 + (uint32_t)__builtin_ctzll(d->sleeping[word])];
	return NULL;
}

static void server_give(struct sim *s, struct vcpu *v, const struct request *request)
{
	v->arrival_ns = request->arrival_ns;
	guest_begin(s, v, ACTIVITY_WORK, request->work_ns);
}

void server_request(struct sim *s, const struct request *request)
{
	struct domain *d = request->dom;
	struct vcpu *v = domain_sleeper(d);

	if (v != NULL)
		server_give(s, v, request);
	else
		request_push(&d->queue, request);
}

/* Arrivals are one stream for the domain, on the event of its first vCPU. */
static void server_expect(struct sim *s, struct domain *d, ration_ns from_ns)
{
	const struct scenario_workload *load = d->load;
	ration_ns at_ns;

	if (load->arrival_ns == NULL)
		at_ns = from_ns + guest_draw(s, &d->vcpu[0], &load->gap, RANDOM_GAP, 1);
	else if (d->arrivals < load->arrival_count)
		at_ns = d->scenario->start_ns + load->arrival_ns[d->arrivals];
	else
		return;
	sim_arm(s, &d->vcpu[0].event, at_ns < s->now_ns ? s->now_ns : at_ns);
}

void server_come(struct sim *s, struct vcpu *v)
{
	const struct scenario_workload *load = v->dom->load;

	if (v->idx == 0)
		server_expect(s, v->dom,
		              s->now_ns + (load->phase_ns != NULL ? load->phase_ns[0] : 0));
}

void server_arrival(struct sim *s, struct vcpu *v)
{
	struct domain *d = v->dom;
	struct request request = {
		.arrival_ns = s->now_ns,
		.work_ns = guest_draw(s, v, &d->load->run, RANDOM_RUN, 1),
		.help_ns = d->load->through_dom0_ns,
		.cpu_ns = 0,
		.dom = d,
		.vcpu = NULL
	};

	d->arrivals++;
	server_expect(s, d, s->now_ns);
	if (request.help_ns != 0)
		help_ask(s, &request);
	else
		server_request(s, &request);
}

bool server_take(struct sim *s, struct vcpu *v)
{
	struct request request;

	if (v->dom->queue.count == 0 || v->is_down || v->leaving)
		return false;
	request = request_pop(&v->dom->queue);
	server_give(s, v, &request);
	return true;
}

void server_done(struct sim *s, struct vcpu *v)
{
	guest_job_done(s, v, v->arrival_ns);
	guest_rest(s, v);
}

void server_down(struct sim *s, struct vcpu *v)
{
	struct request request = { .arrival_ns = v->arrival_ns, .dom = v->dom };

	if (guest_own(v) == ACTIVITY_NONE)
		return;
	if (v->cpu != NULL)
		machine_sync(s, v->cpu);
	request.work_ns = v->left_ns == 0 ? 1 : v->left_ns;
	guest_begin(s, v, ACTIVITY_NONE, 0);
	request_push_back(&v->dom->queue, &request);
	server_up(s, domain_sleeper(v->dom));
}

void server_up(struct sim *s, struct vcpu *v)
{
	struct request request;

	if (v == NULL || !v->asleep || v->dom->queue.count == 0)
		return;
	request = request_pop(&v->dom->queue);
	server_give(s, v, &request);
}

static void server_late(const struct sim *s, const struct domain *d, ration_ns arrival_ns)
{
	if (s->now_ns - arrival_ns > d->load->deadline_ns)
		d->result->misses++;
}

/* Requests that dom0 holds are help_end()'s. */
void server_end(struct sim *s, struct domain *d)
{
	uint32_t i;

	if (d->load->deadline_ns == 0)
		return;
	for (i = 0; i < d->queue.count; i++)
		server_late(s, d, request_at(&d->queue, i)->arrival_ns);
	for (i = 0; i < d->vcpu_count; i++)
		if (guest_own(&d->vcpu[i]) != ACTIVITY_NONE)
			server_late(s, d, d->vcpu[i].arrival_ns);
}
