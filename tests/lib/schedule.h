/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schedule.h - scheduling tests as tables: time, event, who runs where, next timer.
 *
 *	Table t(&ration_rr, 2);
 *	auto A = t.add("A"), B = t.add("B");
 *
 *	ROW(0, WAKE(A),  RUNS(A, IDLE), NEXT_MS(30));    // 30 ms of tslice
 *	ROW(5, WAKE(B),  RUNS(A, B),    NEXT_MS(30));
 *	ROW(8, BLOCK(A), RUNS(IDLE, B), NEXT_MS(35));
 *
 * Behind a table stands the smallest host: every cost is 0.  A CPU decides as
 * soon as it is told to, the lowest first, and its switch is saved at once.
 * Time goes from row to row; timers (the CPUs' until_ns, and expire_ns) that
 * fall between are served.  At a row's own time BLOCK comes before timers,
 * timers before any other event.
 *
 * After every event ration_check() must find nothing, the core must have
 * refused no decision, and a spare ration_decide() on each CPU must change
 * nothing.  The first row that fails prints its place, what was expected and
 * what is, and the whole state.
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <functional>
#include <string>
#include <vector>

#include "ration.h"

namespace schedule {

constexpr int IDLE = -1;
constexpr ration_ns NEVER = RATION_NEVER;

inline ration_ns ms_ns(double ms)
{
	return static_cast<ration_ns>(ms * 1e6 + 0.5);
}

class Table;

/* What happens in a row.  `act` returns a status. */
struct Event {
	std::string text;
	std::function<int(Table &)> act;
	bool before_timers = false;
	int expected = RATION_OK;
};

class Table {
public:
	/* An instance of `cpus` CPUs under `policy`, which may change to the others. */
	Table(const ration_policy *policy, uint32_t cpus,
	      std::vector<const ration_policy *> others = {}, uint32_t vcpus = 64);
	Table(const Table &) = delete;
	Table &operator=(const Table &) = delete;

	/* A domain with one vCPU, allowed on `cpus` (a CPU list).  The vCPU's number:
	 * 0, 1, ... in the order of admission, as are the slots of the core.  The
	 * refusal of the last one that failed is in `why`; its number is -1. */
	int add(const std::string &name, const ration_attr &attr, const std::string &cpus = "all",
	        const std::string &soft = "all");
	int add(const std::string &name, const std::string &cpus = "all");
	/* One more vCPU in the domain of vCPU `sibling`. */
	int add_sibling(const std::string &name, int sibling, const std::string &cpus = "all");

	void row(const char *file, int line, double ms, const Event &event,
	         const std::vector<int> &runs, ration_ns next);

	/* The pieces of a row: serve timers up to `until` (those at that time too, or
	 * not), and let an event happen now.  Return "" or what is broken. */
	std::string advance(ration_ns until, bool inclusive);
	std::string happen(const Event &event);

	/* CPU time that a vCPU has got, and time that it has waited for a cause. */
	ration_ns ran_ns(int v) const;
	ration_ns waited_ns(int v, ration_wait cause) const;
	ration_ns next_timer() const;
	ration_ns expire_at() const { return expire; }
	std::string dump() const;
	std::string name_of(int v) const;
	int who(ration_cpu c) const;

	/* After a verb that filled fx: note what it says; and do it. */
	void follow(const ration_effects &fx);
	std::string settle();

	struct Slot {
		std::string name;
		ration_vcpu *vcpu;       /* NULL once it has left */
		ration_dom *dom;
	};
	ration *r = nullptr;
	ration_ns now = 0;
	std::vector<Slot> slot;
	ration_refusal why = {};
	uint64_t decide_count = 0;       /* spare ones aside */
	uint64_t switch_count = 0;
	bool checks = true;              /* ration_check() after every event, not only every row */
	bool cpu_timers_only = false;    /* `next` of a row is the CPUs' alone, not expire_ns */

private:
	bool failed = false;
	int admit(const std::string &name, ration_dom *dom, const std::string &cpus,
	          const std::string &soft);
	std::string spare();
	void decide(ration_cpu c);

	std::vector<const ration_policy *> policies;
	std::vector<uint64_t> memory;
	uint32_t cpu_count;
	uint32_t dom_count = 0;
	ration_cpuset resched = 0;
	ration_ns expire = RATION_NEVER;
	std::vector<ration_ns> until;
};

ration_cpuset cpus_of(const std::string &list, uint32_t cpu_count);

/* ---- Events ------------------------------------------------------------- */

Event NOTHING();                              /* only time passes */
Event WAKE(int v);
Event BLOCK(int v);
Event YIELD(int v);
Event YIELD_TO(int v, int other);
Event PAUSE(int v);
Event RESUME(int v);
Event DOM_PAUSE(int v);                       /* of v's domain */
Event DOM_RESUME(int v);
Event DOWN(int v);
Event UP(int v);
Event LEAVE(int v);                           /* its domain too, after its last vCPU */
Event PIN(int v, const std::string &hard, const std::string &soft = "all");
Event CPU_DOWN(ration_cpu c);
Event CPU_FORCE_DOWN(ration_cpu c);
Event CPU_UP(ration_cpu c);
Event SET(int v, const ration_attr &attr);    /* of v's domain */
Event CHARGE(int v, double ms);               /* helper work for v's domain */
Event POLICY(const ration_policy *policy);
Event PARAMS(double tslice_ms, double ratelimit_ms);
/* The same event, which must fail with that status and change nothing. */
Event REFUSED(Event event, int status);

template <typename... V> std::vector<int> RUNS(V... v)
{
	return {v...};
}

inline ration_ns NEXT_MS(double ms)
{
	return ms_ns(ms);
}

} /* namespace schedule */

#define ROW(ms, event, runs, next) t.row(__FILE__, __LINE__, ms, event, runs, next)

#endif
