// SPDX-License-Identifier: BSD-2-Clause
//
// Every public setter: state x value -> status, and on failure nothing has changed.
#include <gtest/gtest.h>

#include <cstring>
#include <sstream>

#include "host.h"
#include "ration_sedf.h"

namespace {

// Everything that the readers tell of an instance, as text.
std::string picture(const Host &h, const std::vector<ration_dom *> &doms)
{
	std::ostringstream s;
	ration_params p;
	ration_params_get(h.r, &p);
	s << ration_policy_name(ration_policy_get(h.r)) << " " << p.tslice_ns << " "
	  << p.ratelimit_ns << " " << ration_cpu_online(h.r) << "\n";
	for (ration_cpu c = 0; c < ration_cpu_count(h.r); c++) {
		ration_cpu_ledger l = h.books(c);
		s << c << ": " << h.name(h.on(c)) << " " << l.busy_ns << " " << l.idle_ns << " "
		  << l.overhead_ns << " " << l.offline_ns << " " << l.dispatches << "\n";
	}
	for (ration_dom *d : doms) {
		ration_attr a;
		ration_dom_get(d, &a);
		s << ration_dom_id(d) << " " << a.weight << " " << a.cap_ppm << " " << a.floor_ppm
		  << " " << a.burst_ns << " " << a.period_ns << " " << a.slice_ns << " "
		  << a.latency_ns << " " << a.extratime << " " << a.shadow << "\n";
		for (ration_vcpu *v = ration_vcpu_first(d); v != nullptr; v = ration_vcpu_next(v)) {
			ration_vcpu_info i = h.info(v);
			ration_ledger l = h.ledger(v);
			s << " " << ration_vcpu_idx(v) << " " << i.state << i.cause << i.cpu << " "
			  << i.pause_count << i.online << " " << i.affinity.hard << " "
			  << i.affinity.soft << " " << i.lag_ns << " " << l.running_ns << " "
			  << l.blocked_ns << " " << l.down_ns << "\n";
		}
	}
	return s.str();
}

// One vCPU in each state, on two CPUs: A runs, B queues, C blocked, D paused, E down.
struct States : Host {
	std::vector<ration_dom *> doms;
	ration_vcpu *a, *b, *c, *d, *e;

	States(const ration_policy *p)
	    : Host(host_of(2, {p, p == &ration_rr ? &ration_credit : &ration_rr}))
	{
		for (int i = 0; i < 5; i++)
			doms.push_back(dom());
		a = vcpu(doms[0], 1), b = vcpu(doms[1], 1), c = vcpu(doms[2]), d = vcpu(doms[3]);
		e = vcpu(doms[4]);
		wake(a), wake(b), pause(d), down(e);
		run_for(MS);
	}
	// The verb failed: nothing is asked for, and nothing differs.
	void unchanged(const std::string &before)
	{
		EXPECT_EQ(0u, fx.resched);
		EXPECT_EQ(before, picture(*this, doms));
		EXPECT_EQ(nullptr, ration_check(r));
	}
};

struct AttrRow {
	const char *what;
	uint64_t value;
	int status;
	ration_attr_bit bad;
};

constexpr uint32_t ALL_PPM = 64 * RATION_PPM;

const AttrRow attr_rows[] = {
	{"weight", 0, RATION_E_RANGE, RATION_ATTR_WEIGHT},
	{"weight", 1, RATION_OK, RATION_ATTR_WEIGHT},
	{"weight", 65535, RATION_OK, RATION_ATTR_WEIGHT},
	{"weight", 65536, RATION_E_RANGE, RATION_ATTR_WEIGHT},
	{"weight", UINT32_MAX, RATION_E_RANGE, RATION_ATTR_WEIGHT},
	{"cap", 0, RATION_OK, RATION_ATTR_CAP},
	{"cap", 1, RATION_OK, RATION_ATTR_CAP},
	{"cap", ALL_PPM, RATION_OK, RATION_ATTR_CAP},
	{"cap", ALL_PPM + 1, RATION_E_RANGE, RATION_ATTR_CAP},
	{"cap", UINT32_MAX, RATION_E_RANGE, RATION_ATTR_CAP},
	{"floor", 0, RATION_OK, RATION_ATTR_FLOOR},
	{"floor", 1, RATION_OK, RATION_ATTR_FLOOR},
	{"floor", ALL_PPM, RATION_OK, RATION_ATTR_FLOOR},
	{"floor", ALL_PPM + 1, RATION_E_RANGE, RATION_ATTR_FLOOR},
	{"floor above the cap", 500001, RATION_E_RANGE, RATION_ATTR_FLOOR},
	{"floor below the cap", 500000, RATION_OK, RATION_ATTR_FLOOR},
	{"burst", 0, RATION_OK, RATION_ATTR_BURST},
	{"burst", 10 * S, RATION_OK, RATION_ATTR_BURST},
	{"burst", 10 * S + 1, RATION_E_RANGE, RATION_ATTR_BURST},
	{"period", 10 * US - 1, RATION_E_RANGE, RATION_ATTR_PERIOD},
	{"period", 10 * US, RATION_OK, RATION_ATTR_PERIOD},
	{"period", 10 * S, RATION_OK, RATION_ATTR_PERIOD},
	{"period", 10 * S + 1, RATION_E_RANGE, RATION_ATTR_PERIOD},
	{"slice", 0, RATION_OK, RATION_ATTR_SLICE},
	{"slice", 5 * US - 1, RATION_E_RANGE, RATION_ATTR_SLICE},
	{"slice", 5 * US, RATION_OK, RATION_ATTR_SLICE},
	{"slice", RATION_PERIOD_DEFAULT_NS, RATION_OK, RATION_ATTR_SLICE},
	{"slice", RATION_PERIOD_DEFAULT_NS + 1, RATION_E_RANGE, RATION_ATTR_SLICE},
	{"latency", 0, RATION_OK, RATION_ATTR_LATENCY},
	{"latency", RATION_PERIOD_DEFAULT_NS, RATION_OK, RATION_ATTR_LATENCY},
	{"latency", RATION_PERIOD_DEFAULT_NS + 1, RATION_E_RANGE, RATION_ATTR_LATENCY},
};

ration_attr attr_with(const AttrRow &t)
{
	ration_attr a = attr_of();
	if (!strcmp(t.what, "weight"))
		a.weight = uint32_t(t.value);
	else if (!strcmp(t.what, "cap"))
		a.cap_ppm = uint32_t(t.value);
	else if (!strncmp(t.what, "floor", 5))
		a.floor_ppm = uint32_t(t.value);
	else if (!strcmp(t.what, "burst"))
		a.burst_ns = t.value;
	else if (!strcmp(t.what, "period"))
		a.period_ns = t.value;
	else if (!strcmp(t.what, "slice"))
		a.slice_ns = t.value;
	else
		a.latency_ns = t.value;
	if (strstr(t.what, "the cap"))
		a.cap_ppm = 500000;
	return a;
}

TEST(core_setters, attributes_have_ranges_and_the_bad_one_is_named)
{
	for (const AttrRow &t : attr_rows) {
		SCOPED_TRACE(testing::Message() << t.what << " " << t.value);
		ration_attr a = attr_with(t);
		ration_attr_bit bad = ration_attr_bit(0);
		EXPECT_EQ(t.status, ration_attr_check(&a, &bad));
		EXPECT_EQ(t.status, ration_attr_check(&a, nullptr));
		EXPECT_EQ(t.status == RATION_OK ? 0 : t.bad, bad);
	}
}

TEST(core_setters, the_default_attributes_are_valid)
{
	ration_attr a;
	memset(&a, 0x5a, sizeof a);
	ration_attr_default(&a);
	EXPECT_EQ(RATION_OK, ration_attr_check(&a, nullptr));
	EXPECT_EQ(256u, a.weight);
	EXPECT_EQ(0u, a.cap_ppm + a.floor_ppm + a.burst_ns + a.slice_ns + a.latency_ns);
	EXPECT_EQ(100 * MS, a.period_ns);
	EXPECT_TRUE(a.extratime);
	EXPECT_FALSE(a.shadow);
}

// Xen eec1a570c0: the setter for a whole VM checked less than the one for a vCPU.
TEST(core_setters, admit_and_set_check_the_same_ranges)
{
	for (const AttrRow &t : attr_rows) {
		SCOPED_TRACE(testing::Message() << t.what << " " << t.value);
		ration_attr a = attr_with(t);
		Host h(host_of(1, {&ration_credit}));
		ration_dom *d = nullptr;
		EXPECT_EQ(t.status, ration_dom_admit(h.r, 7, &a, 0, &h.fx, &d));
		EXPECT_EQ(t.status == RATION_OK, d != nullptr);
		EXPECT_EQ(d, ration_dom_find(h.r, 7));

		States s(&ration_credit);
		std::string before = picture(s, s.doms);
		int status = s.set(s.doms[0], a);
		bool credits = (t.bad & ration_attr_honoured(&ration_credit)) != 0;
		ration_attr now;
		ration_dom_get(s.doms[0], &now);
		if (t.status != RATION_OK) {
			EXPECT_EQ(RATION_E_RANGE, status);
		} else if (t.bad == RATION_ATTR_FLOOR && t.value == ALL_PPM) {
			EXPECT_EQ(RATION_OK, status) << "one vCPU can use one CPU";
		} else {
			bool same = a.period_ns == RATION_PERIOD_DEFAULT_NS && a.slice_ns == 0 &&
			            a.latency_ns == 0;
			EXPECT_EQ(credits || same ? RATION_OK : RATION_E_POLICY, status);
		}
		if (status != RATION_OK)
			s.unchanged(before);
		else
			EXPECT_TRUE(attr_is_equal(now, a));
	}
}

// Qubes#10778: a scheduler's own attribute set without effect, silently.
TEST(core_setters, an_attribute_that_the_policy_does_not_honour_is_an_error)
{
	const uint32_t credit = RATION_ATTR_WEIGHT | RATION_ATTR_CAP | RATION_ATTR_FLOOR |
	                        RATION_ATTR_BURST | RATION_ATTR_SHADOW | RATION_ATTR_TSLICE |
	                        RATION_ATTR_RATELIMIT;
	EXPECT_EQ(credit, ration_attr_honoured(&ration_credit));
	EXPECT_EQ(uint32_t(RATION_ATTR_TSLICE), ration_attr_honoured(&ration_rr));
	for (const ration_policy *p : {&ration_credit, &ration_rr}) {
		for (uint32_t bit = RATION_ATTR_WEIGHT; bit <= RATION_ATTR_SHADOW; bit <<= 1) {
			SCOPED_TRACE(testing::Message() << ration_policy_name(p) << " bit " << bit);
			States s(p);
			std::string before = picture(s, s.doms);
			ration_attr a = attr_of();
			switch (bit) {
			case RATION_ATTR_WEIGHT: a.weight = 512; break;
			case RATION_ATTR_CAP: a.cap_ppm = 500000; break;
			case RATION_ATTR_FLOOR: a.floor_ppm = 100000; break;
			case RATION_ATTR_BURST: a.burst_ns = MS; break;
			case RATION_ATTR_PERIOD: a.period_ns = 50 * MS; break;
			case RATION_ATTR_SLICE: a.slice_ns = 5 * MS; break;
			case RATION_ATTR_LATENCY: a.latency_ns = MS; break;
			case RATION_ATTR_SHADOW: a.shadow = true; break;
			default: a.extratime = false;
			}
			bool honoured = (ration_attr_honoured(p) & bit) != 0;
			EXPECT_EQ(honoured ? RATION_OK : RATION_E_POLICY, s.set(s.doms[1], a));
			if (!honoured)
				s.unchanged(before);
			EXPECT_EQ(RATION_OK, s.set(s.doms[0], attr_of())) << "setting what is set";
		}
	}
}

TEST(core_setters, a_pin_is_checked_in_every_state)
{
	const struct {
		ration_cpuset hard, soft;
		int status;
	} row[] = {
		{0x1, 0x1, RATION_OK}, {0x2, 0, RATION_OK}, {0x3, RATION_CPUSET_ALL, RATION_OK},
		{0x2, 0x4, RATION_OK},                        // soft may name anything
		{0x0, 0x3, RATION_E_INVALID}, {0x4, 0x1, RATION_E_RANGE}, {0x7, 0x1, RATION_E_RANGE},
		{RATION_CPUSET_ALL, 0x1, RATION_E_RANGE}, {1ULL << 63, 0x1, RATION_E_RANGE},
	};
	for (const ration_policy *p : {&ration_credit, &ration_rr})
		for (int i = 0; i < 5; i++)
			for (const auto &t : row) {
				States s(p);
				ration_vcpu *v[] = {s.a, s.b, s.c, s.d, s.e};
				std::string before = picture(s, s.doms);
				SCOPED_TRACE(testing::Message() << s.name(v[i]) << " " << t.hard);
				EXPECT_EQ(t.status, s.pin(v[i], t.hard, t.soft));
				if (t.status != RATION_OK) {
					s.unchanged(before);
					continue;
				}
				EXPECT_EQ(t.hard, s.info(v[i]).affinity.hard);
				EXPECT_EQ(t.soft, s.info(v[i]).affinity.soft);
			}
}

TEST(core_setters, a_vcpu_is_admitted_by_affinity_number_and_room)
{
	const struct {
		const char *what;
		uint32_t idx;
		ration_cpuset hard;
		int status;
	} row[] = {
		{"first free", 1, 0x3, RATION_OK},
		{"number taken", 0, 0x3, RATION_E_EXISTS},
		{"highest number", 65535, 0x3, RATION_OK},
		{"number too high", 65536, 0x3, RATION_E_RANGE},
		{"no CPU", 1, 0x0, RATION_E_INVALID},
		{"CPU that is not there", 1, 0x4, RATION_E_RANGE},
	};
	for (const auto &t : row) {
		SCOPED_TRACE(t.what);
		States s(&ration_credit);
		std::string before = picture(s, s.doms);
		ration_vcpu *v = nullptr;
		EXPECT_EQ(t.status, ration_vcpu_admit(s.r, s.doms[0], t.idx, {t.hard, t.hard}, s.now,
		                                      &s.fx, &v, nullptr));
		EXPECT_EQ(t.status == RATION_OK, v != nullptr);
		if (v == nullptr)
			s.unchanged(before);
		else
			EXPECT_EQ(t.idx, ration_vcpu_idx(v));
	}
}

TEST(core_setters, a_full_instance_refuses_and_takes_again_when_one_has_left)
{
	HostOptions o = host_of(1, {&ration_credit});
	o.dom_count = 3;
	o.vcpu_count = 4;
	Host h(o);
	std::vector<ration_dom *> d;
	std::vector<ration_vcpu *> v;
	for (int i = 0; i < 3; i++)
		d.push_back(h.dom());
	for (int i = 0; i < 4; i++)
		v.push_back(h.vcpu(d[0]));
	ration_attr a = attr_of();
	ration_dom *more = nullptr;
	ration_vcpu *other = nullptr;
	EXPECT_EQ(RATION_E_EXISTS, ration_dom_admit(h.r, 2, &a, 0, &h.fx, &more));
	EXPECT_EQ(RATION_E_FULL, ration_dom_admit(h.r, 9, &a, 0, &h.fx, &more));
	EXPECT_EQ(RATION_E_FULL, ration_vcpu_admit(h.r, d[1], 0, {1, 1}, 0, &h.fx, &other, nullptr));
	EXPECT_EQ(nullptr, ration_vcpu_first(d[1]));
	EXPECT_EQ(nullptr, ration_check(h.r));

	EXPECT_EQ(RATION_E_BUSY, h.leave(d[0]));
	EXPECT_EQ(RATION_OK, h.leave(v[1]));
	EXPECT_EQ(RATION_OK, h.leave(d[2]));
	EXPECT_EQ(nullptr, ration_dom_find(h.r, 3));
	EXPECT_EQ(RATION_OK, ration_vcpu_admit(h.r, d[1], 0, {1, 1}, 0, &h.fx, &other, nullptr));
	EXPECT_EQ(RATION_OK, ration_dom_admit(h.r, 9, &a, 0, &h.fx, &more));
	EXPECT_EQ(more, ration_dom_find(h.r, 9));
	EXPECT_EQ(v[2], ration_vcpu_next(v[0]));
	EXPECT_EQ(nullptr, ration_vcpu_next(v[3]));
	EXPECT_EQ(d[1], ration_vcpu_dom(other));
}

// 128 distinct hard masks over eight CPUs.
struct Classes : Host {
	std::vector<ration_vcpu *> v;
	ration_dom *d;

	static HostOptions large()
	{
		HostOptions o = host_of(8, {&ration_credit, &ration_rr});
		o.vcpu_count = 200;
		return o;
	}
	Classes() : Host(large()), d(dom())
	{
		for (ration_cpuset mask = 1; mask <= 128; mask++)
			v.push_back(vcpu(d, mask));
	}
};

TEST(core_setters, a_129th_distinct_hard_mask_is_refused)
{
	Classes h;
	ration_vcpu *more = nullptr, *shares;
	EXPECT_EQ(RATION_E_FULL,
	          ration_vcpu_admit(h.r, h.d, 500, {129, 129}, 0, &h.fx, &more, nullptr));
	EXPECT_EQ(nullptr, more);
	shares = h.vcpu(h.d, 77);                    // a mask that is there already
	EXPECT_EQ(RATION_E_FULL, h.pin(shares, 129));
	EXPECT_EQ(77u, h.info(shares).affinity.hard);
	EXPECT_EQ(RATION_OK, h.pin(shares, 78));
	EXPECT_EQ(RATION_OK, h.leave(h.v[0]));       // frees mask 1
	EXPECT_EQ(RATION_OK, h.pin(shares, 129));
	EXPECT_EQ(nullptr, ration_check(h.r));
}

TEST(core_setters, with_128_masks_the_only_vcpu_of_one_may_still_change_it)
{
	Classes h;
	h.wake(h.v[0]);
	EXPECT_EQ(RATION_OK, h.pin(h.v[0], 129));
	EXPECT_EQ(129u, h.info(h.v[0]).affinity.hard);
	EXPECT_EQ(RATION_OK, h.pin(h.v[5], 130));
	h.wake(h.v[5]);
	EXPECT_EQ(nullptr, ration_check(h.r));
	EXPECT_EQ(RATION_STATE_RUNNING, h.info(h.v[5]).state);
}

TEST(core_setters, cpus_go_and_come_once)
{
	const struct {
		const char *verb;
		ration_cpu c;
		int status;
	} row[] = {
		{"up", 0, RATION_E_INVALID}, {"up", 2, RATION_E_INVALID},
		{"down", 2, RATION_E_INVALID}, {"down", 64, RATION_E_INVALID},
		{"down", RATION_CPU_NONE, RATION_E_INVALID}, {"up", RATION_CPU_NONE, RATION_E_INVALID},
		{"down", 1, RATION_OK}, {"down", 1, RATION_E_INVALID},
		{"down", 0, RATION_OK}, {"up", 1, RATION_OK}, {"up", 1, RATION_E_INVALID},
	};
	for (const ration_policy *p : {&ration_credit, &ration_rr}) {
		States s(p);
		for (const auto &t : row) {
			SCOPED_TRACE(testing::Message() << t.verb << " " << t.c);
			std::string before = picture(s, s.doms);
			int status = t.verb[0] == 'u' ? s.cpu_up(t.c) : s.cpu_down(t.c);
			EXPECT_EQ(t.status, status);
			if (status != RATION_OK)
				s.unchanged(before);
		}
		EXPECT_EQ(0x2u, ration_cpu_online(s.r));
	}
}

TEST(core_setters, a_cpu_is_not_up_before_its_last_vcpu_is_saved)
{
	Host h(host_of(2, {&ration_rr}, true));
	ration_vcpu *a = h.hog(attr_of(), 1);
	h.decide(0), h.saved(0);
	EXPECT_EQ(RATION_OK, h.cpu_down(0));
	EXPECT_EQ(RATION_E_INVALID, h.cpu_up(0)) << "A still runs there";
	EXPECT_EQ(nullptr, h.decide(0));
	EXPECT_EQ(RATION_E_INVALID, h.cpu_up(0)) << "A is not saved";
	h.saved(0);
	EXPECT_EQ(RATION_OK, h.cpu_up(0));
	EXPECT_EQ(a, h.decide(0));
}

TEST(core_setters, a_policy_must_be_among_the_configured)
{
	Host h(host_of(1, {&ration_credit, &ration_rr}));
	ration_policy stranger = ration_rr;
	EXPECT_EQ(RATION_E_INVALID, h.policy(&ration_sedf));
	EXPECT_EQ(RATION_E_INVALID, h.policy(&stranger));
	EXPECT_EQ(RATION_E_INVALID, h.policy(nullptr));
	EXPECT_EQ(&ration_credit, ration_policy_get(h.r));
	EXPECT_EQ(RATION_OK, h.policy(&ration_credit)) << "it is in force already";
	EXPECT_EQ(0u, h.fx.resched);
	EXPECT_EQ(RATION_OK, h.policy(&ration_rr));
	EXPECT_EQ(&ration_rr, ration_policy_get(h.r));
}

TEST(core_setters, every_status_and_cause_has_a_text)
{
	for (int status = RATION_OK; status >= RATION_E_MEMORY; status--) {
		ASSERT_NE(nullptr, ration_status_text(status));
		EXPECT_STRNE(ration_status_text(status), ration_status_text(status - 1));
	}
	EXPECT_STREQ(ration_status_text(-100), ration_status_text(5));
	EXPECT_STREQ("offline", ration_wait_name(RATION_WAIT_OFFLINE));
	EXPECT_STREQ("affinity", ration_wait_name(RATION_WAIT_AFFINITY));
	EXPECT_STREQ("cap", ration_wait_name(RATION_WAIT_CAP));
	EXPECT_STREQ("budget", ration_wait_name(RATION_WAIT_BUDGET));
	EXPECT_STREQ("switch", ration_wait_name(RATION_WAIT_SWITCH));
	EXPECT_STREQ("kick", ration_wait_name(RATION_WAIT_KICK));
	EXPECT_STREQ("ratelimit", ration_wait_name(RATION_WAIT_RATELIMIT));
	EXPECT_STREQ("queue", ration_wait_name(RATION_WAIT_QUEUE));
}

}  // namespace
