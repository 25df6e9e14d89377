/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spy.h - a policy that stands between the core and another policy.
 *
 * It counts the calls of each slot, and holds the core to what ration_policy.h
 * promises a policy: the order of join, ready, start, unready, leave of each
 * vCPU, and what state a vCPU is in when it is offered.  `spy.broken` is the
 * first promise that was not kept.
 */
#ifndef SPY_H
#define SPY_H

#include <map>
#include <string>

#include "ration_policy.h"

struct Spy {
	enum State { GONE, AWAY, READY, RUNNING };

	const ration_policy *inner = nullptr;
	std::map<std::string, uint64_t> calls;
	std::map<const ration_vcpu *, State> state;
	std::string broken;

	void promise(bool kept, const char *text)
	{
		if (!kept && broken.empty())
			broken = text;
	}
};

inline Spy spy;

namespace spy_slots {

inline int admit(const ration *r, bool active, void *scratch, ration_refusal *why)
{
	spy.calls["admit"]++;
	return spy.inner->admit(r, active, scratch, why);
}

inline void init(ration *r, ration_ns now)
{
	spy.calls["init"]++;
	spy.state.clear();
	spy.inner->init(r, now);
}

inline void cpu_set(ration *r, ration_cpu c, bool online, ration_ns now, ration_effects *fx)
{
	spy.calls[online ? "cpu_set on" : "cpu_set off"]++;
	spy.promise(ration_cpuset_has(ration_cpu_online(r), c) == online, "cpu_set tells the truth");
	spy.inner->cpu_set(r, c, online, now, fx);
}

inline void dom_set(ration *r, ration_dom *d, ration_ns now, ration_effects *fx)
{
	spy.calls["dom_set"]++;
	spy.inner->dom_set(r, d, now, fx);
}

inline void dom_leave(ration *r, ration_dom *d, ration_ns now)
{
	spy.calls["dom_leave"]++;
	spy.promise(d->vcpu_count == 0, "a domain that leaves has no vCPU");
	spy.inner->dom_leave(r, d, now);
}

inline void join(ration *r, ration_vcpu *v, ration_ns now)
{
	spy.calls["join"]++;
	spy.promise(spy.state[v] == Spy::GONE, "a vCPU joins once");
	spy.state[v] = Spy::AWAY;
	spy.inner->join(r, v, now);
}

inline void leave(ration *r, ration_vcpu *v, ration_ns now)
{
	spy.calls["leave"]++;
	spy.promise(spy.state[v] != Spy::GONE, "only who joined leaves");
	if ((v->flags & RATION_VCPU_LEAVING) != 0)
		spy.promise(spy.state[v] == Spy::AWAY, "a vCPU that leaves is not ready");
	spy.state[v] = Spy::GONE;
	spy.inner->leave(r, v, now);
}

inline void ready(ration *r, ration_vcpu *v, ration_ready why, ration_ns now, ration_effects *fx)
{
	spy.calls["ready " + std::to_string(why)]++;
	spy.promise(spy.state[v] == Spy::AWAY || spy.state[v] == Spy::RUNNING, "ready comes once");
	spy.promise((v->flags & RATION_VCPU_RUNNABLE) != 0, "ready: it is runnable");
	spy.promise((v->flags & RATION_VCPU_UNSAVED) == 0, "ready: it is saved");
	spy.promise(v->pause_count == 0, "ready: it is not paused");
	spy.promise((v->affinity.hard & ration_cpu_online(r)) != 0, "ready: a CPU is on line");
	spy.state[v] = Spy::READY;
	spy.inner->ready(r, v, why, now, fx);
}

inline void unready(ration *r, ration_vcpu *v, ration_ns now, ration_effects *fx)
{
	spy.calls["unready"]++;
	spy.promise(spy.state[v] == Spy::READY || spy.state[v] == Spy::RUNNING,
	            "unready comes once, after ready or start");
	spy.state[v] = Spy::AWAY;
	spy.inner->unready(r, v, now, fx);
}

inline void charge(ration *r, ration_dom *d, ration_vcpu *v, ration_ns ns, ration_ns now,
                   ration_effects *fx)
{
	spy.calls[v == nullptr ? "charge helper" : "charge vcpu"]++;
	spy.promise(ns > 0, "a charge is for some time");
	spy.promise(v == nullptr || spy.state[v] == Spy::RUNNING, "who is charged runs");
	spy.promise(v == nullptr || v->dom == d, "the domain of a charge is the vCPU's");
	spy.inner->charge(r, d, v, ns, now, fx);
}

inline void decide(ration *r, ration_cpu c, ration_ns now, ration_decision *out, ration_effects *fx)
{
	spy.calls["decide"]++;
	spy.promise(ration_cpuset_has(ration_cpu_online(r), c), "only CPUs on line decide");
	spy.inner->decide(r, c, now, out, fx);
}

inline void start(ration *r, ration_vcpu *v, ration_cpu c, ration_ns now)
{
	spy.calls["start"]++;
	spy.promise(spy.state[v] == Spy::READY, "who starts was ready");
	spy.state[v] = Spy::RUNNING;
	spy.inner->start(r, v, c, now);
}

inline void expire(ration *r, ration_ns now, ration_effects *fx)
{
	spy.calls["expire"]++;
	spy.inner->expire(r, now, fx);
}

/* A vCPU that the policy holds to run does run, or is about to be told otherwise. */
inline const char *check(const ration *r)
{
	spy.calls["check"]++;
	for (const auto &[v, state] : spy.state) {
		bool ready = (v->flags & RATION_VCPU_READY) != 0;
		bool held = (v->flags & (RATION_VCPU_CURRENT | RATION_VCPU_UNSAVED)) != 0;
		if (state == Spy::GONE)
			continue;
		if (ready != (state == Spy::READY))
			return "spy: the core and the policy differ on who is ready";
		if (state == Spy::RUNNING && !held)
			return "spy: a vCPU stopped and the policy was not told";
	}
	return spy.broken.empty() ? spy.inner->check(r) : spy.broken.c_str();
}

}  // namespace spy_slots

/* `spy` in front of `inner`; there is one at a time. */
inline ration_policy spy_on(const ration_policy *inner)
{
	ration_policy p = *inner;
	spy = Spy();
	spy.inner = inner;
	p.admit = spy_slots::admit;
	p.init = spy_slots::init;
	p.cpu_set = spy_slots::cpu_set;
	p.dom_set = spy_slots::dom_set;
	p.dom_leave = spy_slots::dom_leave;
	p.join = spy_slots::join;
	p.leave = spy_slots::leave;
	p.ready = spy_slots::ready;
	p.unready = spy_slots::unready;
	p.charge = spy_slots::charge;
	p.decide = spy_slots::decide;
	p.start = spy_slots::start;
	p.expire = spy_slots::expire;
	p.check = spy_slots::check;
	return p;
}

#endif
