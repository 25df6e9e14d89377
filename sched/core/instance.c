/* SPDX-License-Identifier: BSD-2-Clause */
/* An instance: its memory, its parameters, its readers. */
#include "core.h"

/* How the caller's block is cut up, for the largest of its policies. */
struct core_layout {
	size_t cpu, cpu_private, dom, vcpu, instance_private, scratch, total;   /* offsets */
	size_t cpu_private_size, instance_size;
	uint32_t cpu_stride, dom_stride, vcpu_stride;
};

static uint32_t layout_round(uint32_t size)
{
	return (size + 7u) & ~7u;
}

static uint32_t layout_max(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static bool limits_are_valid(const struct ration_limits *l)
{
	return l->cpu_count >= 1 && l->cpu_count <= RATION_CPU_MAX && l->dom_count >= 1 &&
	       l->dom_count <= CORE_DOM_MAX && l->vcpu_count >= 1 &&
	       l->vcpu_count <= CORE_VCPU_MAX;
}

/* No sum or product wraps: the private sizes are checked to be at most 64 KiB
 * by policy_is_valid(), the counts are at most 2^16: below 2^33 bytes. */
static void layout_make(struct core_layout *l, const struct ration_policy *const *policies,
                        uint32_t policy_count, const struct ration_limits *limits)
{
	uint32_t cpu = 0, dom = 0, vcpu = 0;
	size_t instance = 0, scratch = 0;

	for (uint32_t i = 0; i < policy_count; i++) {
		const struct ration_policy *p = policies[i];
		size_t wants = p->scratch_size + (size_t)p->scratch_cpu_size * limits->cpu_count +
		               (size_t)p->scratch_dom_size * limits->dom_count +
		               (size_t)p->scratch_vcpu_size * limits->vcpu_count;

		cpu = layout_max(cpu, layout_round(p->cpu_size));
		dom = layout_max(dom, layout_round(p->dom_size));
		vcpu = layout_max(vcpu, layout_round(p->vcpu_size));
		if (p->instance_size > instance)
			instance = p->instance_size;
		if (wants > scratch)
			scratch = wants;
	}
	l->instance_size = (instance + 7u) & ~(size_t)7;
	l->cpu_stride = cpu;
	l->cpu_private_size = (size_t)cpu * limits->cpu_count;
	l->dom_stride = (uint32_t)sizeof(struct ration_dom) + dom;
	l->vcpu_stride = (uint32_t)sizeof(struct ration_vcpu) + vcpu;
	l->cpu = (sizeof(struct ration) + CORE_ALIGN - 1) & ~(size_t)(CORE_ALIGN - 1);
	l->cpu_private = l->cpu + sizeof(struct ration_cpu_state) * limits->cpu_count;
	l->instance_private = l->cpu_private + l->cpu_private_size;
	l->dom = l->instance_private + l->instance_size;
	l->vcpu = l->dom + (size_t)l->dom_stride * limits->dom_count;
	l->scratch = l->vcpu + (size_t)l->vcpu_stride * limits->vcpu_count;
	l->total = l->scratch + ((scratch + 7u) & ~(size_t)7);
}

static bool policy_is_valid(const struct ration_policy *p)
{
	const uint32_t limit = 65536;

	return p != NULL && p->abi == RATION_POLICY_ABI && p->name != NULL && p->admit != NULL &&
	       p->init != NULL && p->cpu_set != NULL && p->dom_set != NULL && p->dom_leave != NULL &&
	       p->join != NULL && p->leave != NULL && p->ready != NULL && p->unready != NULL &&
	       p->charge != NULL && p->decide != NULL && p->start != NULL && p->expire != NULL &&
	       p->check != NULL && p->shadow != NULL &&
	       p->instance_size <= limit && p->cpu_size <= limit && p->dom_size <= limit &&
	       p->vcpu_size <= limit && p->scratch_size <= limit && p->scratch_cpu_size <= limit &&
	       p->scratch_dom_size <= limit && p->scratch_vcpu_size <= limit;
}

static bool policies_are_valid(const struct ration_policy *const *policies, uint32_t policy_count)
{
	if (policies == NULL || policy_count == 0)
		return false;
	for (uint32_t i = 0; i < policy_count; i++)
		if (!policy_is_valid(policies[i]))
			return false;
	return true;
}

size_t ration_size(const struct ration_policy *const *policies, uint32_t policy_count,
                   const struct ration_limits *limits)
{
	struct core_layout l;

	if (!limits_are_valid(limits) || !policies_are_valid(policies, policy_count))
		return 0;
	layout_make(&l, policies, policy_count, limits);
	return l.total;
}

static int params_check(const struct ration_params *params)
{
	if (params->tslice_ns < 100 * RATION_NS_PER_US || params->tslice_ns > RATION_NS_PER_S)
		return RATION_E_RANGE;
	if (params->ratelimit_ns > 500 * RATION_NS_PER_MS ||
	    params->ratelimit_ns > params->tslice_ns)
		return RATION_E_RANGE;
	return RATION_OK;
}

static void instance_cpus_init(struct ration *r, const struct ration_topology *t, ration_ns now)
{
	for (ration_cpu c = 0; c < r->limits.cpu_count; c++) {
		struct ration_cpu_state *cpu = &r->cpu[c];

		cpu->core_cpus = ration_cpuset_of(c);
		cpu->llc_cpus = cpu->node_cpus = ration_cpuset_first_count(r->limits.cpu_count);
		cpu->capacity = RATION_CAPACITY_FULL;
		cpu->until_ns = RATION_NEVER;
		cpu->booked_ns = now;
		if (t == NULL || t->cpu[c].online)
			r->online |= ration_cpuset_of(c);
		if (t == NULL)
			continue;
		cpu->core_cpus = ration_topology_core_cpus(t, c) & cpu->node_cpus;
		cpu->llc_cpus = ration_topology_llc_cpus(t, c) & cpu->node_cpus;
		cpu->node_cpus &= ration_topology_node_cpus(t, c);
		cpu->capacity = t->cpu[c].capacity;
	}
	r->idle = r->online;
}

static void instance_cut(struct ration *r, char *block, const struct core_layout *l)
{
	r->cpu = (struct ration_cpu_state *)(void *)(block + l->cpu);
	r->cpu_private = block + l->cpu_private;
	r->instance_private = block + l->instance_private;
	r->dom = block + l->dom;
	r->vcpu = block + l->vcpu;
	r->scratch = block + l->scratch;
	r->cpu_stride = l->cpu_stride;
	r->dom_stride = l->dom_stride;
	r->vcpu_stride = l->vcpu_stride;
	r->private_size[0] = l->instance_size;
	r->private_size[1] = l->cpu_private_size;
}

int ration_init(void *memory, size_t size, const struct ration_config *config, ration_ns now,
                struct ration **instance)
{
	struct ration *r = memory;
	struct ration_effects fx;
	struct core_layout l;

	if (!policies_are_valid(config->policies, config->policy_count))
		return RATION_E_INVALID;
	if (!limits_are_valid(&config->limits) || now > RATION_TIME_MAX ||
	    params_check(&config->params) != RATION_OK ||
	    config->margins.overhead_ns > RATION_OVERHEAD_MAX_NS ||
	    config->margins.reserve_ppm > RATION_RESERVE_MAX_PPM)
		return RATION_E_RANGE;
	if (config->topology != NULL && config->topology->cpu_count < config->limits.cpu_count)
		return RATION_E_RANGE;
	layout_make(&l, config->policies, config->policy_count, &config->limits);
	if (memory == NULL || ((uintptr_t)memory & (CORE_ALIGN - 1)) != 0 || size < l.total)
		return RATION_E_MEMORY;
	__builtin_memset(memory, 0, l.total);
	instance_cut(r, memory, &l);
	r->policies = config->policies;
	r->policy_count = config->policy_count;
	r->limits = config->limits;
	r->params = config->params;
	r->margins = config->margins;
	r->policy = config->policies[0];
	r->begin_ns = r->now_ns = now;
	r->expire_ns = RATION_NEVER;
	instance_cpus_init(r, config->topology, now);
	r->policy->init(r, now);
	for (ration_cpuset s = r->online; s != 0; s = ration_cpuset_rest(s))
		r->policy->cpu_set(r, ration_cpuset_first(s), true, now, &fx);
	*instance = r;
	return RATION_OK;
}

/* The parameters of the instance that differ, as RATION_ATTR_x. */
static uint32_t params_changed(const struct ration_params *a, const struct ration_params *b)
{
	return (a->tslice_ns != b->tslice_ns ? (uint32_t)RATION_ATTR_TSLICE : 0) |
	       (a->ratelimit_ns != b->ratelimit_ns ? (uint32_t)RATION_ATTR_RATELIMIT : 0);
}

int ration_params_set(struct ration *r, const struct ration_params *params, ration_ns now,
                      struct ration_effects *fx)
{
	int status = params_check(params);

	core_enter(r, now, fx);
	core_exit(r, fx);
	if (status != RATION_OK)
		return status;
	if ((params_changed(params, &r->params) & ~r->policy->honours) != 0)
		return RATION_E_POLICY;
	r->params = *params;
	return RATION_OK;
}

void ration_params_get(const struct ration *r, struct ration_params *params)
{
	*params = r->params;
}

ration_cpuset ration_cpu_online(const struct ration *r)
{
	return r->online;
}

uint32_t ration_cpu_count(const struct ration *r)
{
	return r->limits.cpu_count;
}

struct ration_vcpu *ration_cpu_vcpu(const struct ration *r, ration_cpu c)
{
	RATION_ASSERT(c < r->limits.cpu_count);
	return r->cpu[c].current;
}

const struct ration_cpu_state *ration_cpu_get(const struct ration *r, ration_cpu c)
{
	return &r->cpu[c];
}

ration_ns ration_now(const struct ration *r)
{
	return r->now_ns;
}

const struct ration_margins *ration_margins_get(const struct ration *r)
{
	return &r->margins;
}

const struct ration_limits *ration_limits_get(const struct ration *r)
{
	return &r->limits;
}

void *ration_policy_instance(const struct ration *r)
{
	return r->instance_private;
}

void *ration_policy_cpu(const struct ration *r, ration_cpu c)
{
	return r->cpu_private + (size_t)c * r->cpu_stride;
}

void *ration_policy_scratch(const struct ration *r)
{
	return r->scratch;
}

uint64_t ration_policy_scratch_uses(const struct ration *r)
{
	return r->scratch_uses;
}
