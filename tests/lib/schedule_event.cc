/* SPDX-License-Identifier: BSD-2-Clause */
/* The events of table tests: each calls one verb of the library. */
#include "schedule.h"

#include "ration_policy.h"

namespace schedule {

static Table::Slot &at(Table &t, int v)
{
	return t.slot[static_cast<size_t>(v)];
}

/* An event that is one verb on one vCPU, which cannot fail. */
static Event verb(const char *text, int v,
                  void (*act)(ration *, ration_vcpu *, ration_ns, ration_effects *))
{
	return {std::string(text) + " " + std::to_string(v), [=](Table &t) {
		ration_effects fx = {};

		act(t.r, at(t, v).vcpu, t.now, &fx);
		t.follow(fx);
		return 0;
	}};
}

/* One after which the vCPU's CPU decides: as a timer of now does. */
static Event verb_decide(const char *text, int v,
                         std::function<void(Table &, ration_effects &)> act)
{
	return {std::string(text) + " " + std::to_string(v), [=](Table &t) {
		ration_effects fx = {};
		ration_vcpu_info info;

		act(t, fx);
		ration_vcpu_info_get(at(t, v).vcpu, &info);
		fx.resched |= ration_cpuset_of(info.cpu);
		t.follow(fx);
		return 0;
	}};
}

Event NOTHING()
{
	return {"nothing", [](Table &) { return 0; }};
}

Event WAKE(int v)
{
	return verb("wake", v, ration_vcpu_wake);
}

Event BLOCK(int v)
{
	Event e = verb_decide("block", v, [=](Table &t, ration_effects &fx) {
		ration_vcpu_block(t.r, at(t, v).vcpu, t.now, &fx);
	});

	e.before_timers = true;
	return e;
}

Event YIELD(int v)
{
	return verb_decide("yield", v, [=](Table &t, ration_effects &fx) {
		ration_vcpu_yield(t.r, at(t, v).vcpu, t.now, &fx);
	});
}

Event YIELD_TO(int v, int other)
{
	return verb_decide("yield_to", v, [=](Table &t, ration_effects &fx) {
		ration_vcpu_yield_to(t.r, at(t, v).vcpu, at(t, other).vcpu, t.now, &fx);
	});
}

Event PAUSE(int v)
{
	return verb("pause", v, ration_vcpu_pause);
}

Event RESUME(int v)
{
	return verb("resume", v, ration_vcpu_resume);
}

Event DOM_PAUSE(int v)
{
	return {"pause domain of " + std::to_string(v), [=](Table &t) {
		ration_effects fx = {};

		ration_dom_pause(t.r, at(t, v).dom, t.now, &fx);
		t.follow(fx);
		return 0;
	}};
}

Event DOM_RESUME(int v)
{
	return {"resume domain of " + std::to_string(v), [=](Table &t) {
		ration_effects fx = {};

		ration_dom_resume(t.r, at(t, v).dom, t.now, &fx);
		t.follow(fx);
		return 0;
	}};
}

Event DOWN(int v)
{
	return verb("down", v, ration_vcpu_down);
}

Event UP(int v)
{
	return verb("up", v, ration_vcpu_up);
}

/* An event that has a status. */
static Event request(std::string text, std::function<int(Table &, ration_effects &)> act)
{
	return {text, [=](Table &t) {
		ration_effects fx = {};
		int status = act(t, fx);

		t.follow(fx);
		return status;
	}};
}

Event LEAVE(int v)
{
	return request("leave " + std::to_string(v), [=](Table &t, ration_effects &fx) {
		int status = ration_vcpu_leave(t.r, at(t, v).vcpu, t.now, &fx);

		if (status != RATION_OK)
			return status;
		at(t, v).vcpu = nullptr;
		if (ration_vcpu_first(at(t, v).dom) == nullptr)
			ration_dom_leave(t.r, at(t, v).dom, t.now, &fx);
		return status;
	});
}

Event PIN(int v, const std::string &hard, const std::string &soft)
{
	return request("pin " + std::to_string(v) + " to " + hard, [=](Table &t, ration_effects &fx) {
		uint32_t count = ration_cpu_count(t.r);
		ration_affinity affinity = {cpus_of(hard, count), cpus_of(soft, count)};

		return ration_vcpu_pin(t.r, at(t, v).vcpu, affinity, t.now, &fx, &t.why);
	});
}

Event CPU_DOWN(ration_cpu c)
{
	return request("cpu " + std::to_string(c) + " down", [=](Table &t, ration_effects &fx) {
		return ration_cpu_down(t.r, c, false, t.now, &fx, &t.why);
	});
}

Event CPU_FORCE_DOWN(ration_cpu c)
{
	return request("cpu " + std::to_string(c) + " down, forced",
	               [=](Table &t, ration_effects &fx) {
		return ration_cpu_down(t.r, c, true, t.now, &fx, &t.why);
	});
}

Event CPU_UP(ration_cpu c)
{
	return request("cpu " + std::to_string(c) + " up", [=](Table &t, ration_effects &fx) {
		return ration_cpu_up(t.r, c, t.now, &fx);
	});
}

Event SET(int v, const ration_attr &attr)
{
	return request("set domain of " + std::to_string(v), [=](Table &t, ration_effects &fx) {
		return ration_dom_set(t.r, at(t, v).dom, &attr, t.now, &fx, &t.why);
	});
}

Event CHARGE(int v, double ms)
{
	return request("charge domain of " + std::to_string(v), [=](Table &t, ration_effects &fx) {
		ration_dom_charge(t.r, at(t, v).dom, ms_ns(ms), RATION_HELPER_BACKEND, t.now, &fx);
		return 0;
	});
}

Event POLICY(const ration_policy *policy)
{
	return request(std::string("policy ") + ration_policy_name(policy),
	               [=](Table &t, ration_effects &fx) {
		return ration_policy_set(t.r, policy, t.now, &fx, &t.why);
	});
}

Event PARAMS(double tslice_ms, double ratelimit_ms)
{
	return request("params", [=](Table &t, ration_effects &fx) {
		ration_params params = {ms_ns(tslice_ms), ms_ns(ratelimit_ms)};

		return ration_params_set(t.r, &params, t.now, &fx);
	});
}

Event REFUSED(Event event, int status)
{
	event.text += " (refused)";
	event.expected = status;
	return event;
}

} /* namespace schedule */
