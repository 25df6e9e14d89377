/* SPDX-License-Identifier: BSD-2-Clause */
/* What is read off a log: each vCPU's bursts, and what happened. */
#include "hand_log.h"

namespace {

/* ---- Bursts ------------------------------------------------------------ */

TEST(Load, BurstsAndSleepsOfOneVcpu)
{
	Recorder r;
	ration_vcpu *v = r.vcpu(r.dom("web", 1), 0);

	r.burst(v, 3, 2);
	r.burst(v, 9, 1);
	r.burst(v, 20, 5);
	Loaded l(r.log(31));

	ASSERT_TRUE(l.ok) << l.message;
	EXPECT_EQ(l.s.domain_count, 1u);
	EXPECT_STREQ(l.s.domain[0].name, "web");
	EXPECT_FALSE(l.s.domain[0].is_dom0);
	EXPECT_EQ(l.s.time_ns, 31 * MS);
	EXPECT_EQ(l.s.policy, &ration_rr);
	EXPECT_EQ(l.s.params.tslice_ns, 10 * MS);
	EXPECT_EQ(l.s.domain[0].workload.kind, WORKLOAD_RECORDED);
	EXPECT_EQ(l.phase(0, 0), 3);
	EXPECT_EQ(l.bursts(0, 0), "2,4 1,10 5,6");       /* cut off at 31 */
	EXPECT_EQ(l.events(), "");
}

TEST(Load, CpuTimeIsWhatItRan)
{
	/* b's burst of 2 ms waits for a's 10: it is 2 long, and the sleep is counted from its end */
	Recorder r;
	ration_dom *d = r.dom("web", 1);
	ration_vcpu *a = r.vcpu(d, 0), *b = r.vcpu(d, 1);

	r.at(0).wake(a);
	EXPECT_EQ(r.decide(0), a);
	r.at(1).wake(b);
	r.at(10);
	EXPECT_EQ(r.decide(0), b);
	r.at(12);
	ration_record_block(&r.record, b, r.now, &r.fx);
	EXPECT_EQ(r.decide(0), a);
	r.at(15).wake(b);
	Loaded l(r.log(20));

	ASSERT_TRUE(l.ok);
	EXPECT_EQ(l.bursts(0, 0), "");                   /* a hog */
	EXPECT_EQ(l.phase(0, 0), 0);
	EXPECT_EQ(l.bursts(0, 1), "2,3");                /* woken, and did not run again */
	EXPECT_EQ(l.phase(0, 1), 1);
}

TEST(Load, WhatTheEndCutsOffGoesOn)
{
	Recorder r;
	ration_vcpu *v = r.vcpu(r.dom("web", 1), 0);

	r.burst(v, 0, 2);
	r.at(5).wake(v);
	r.decide(0);
	Loaded l(r.log(8));

	ASSERT_TRUE(l.ok);
	EXPECT_EQ(l.bursts(0, 0), "2,3 3,goes on");
}

TEST(Load, YieldsEndABurst)
{
	Recorder r;
	ration_dom *d = r.dom("web", 1);
	ration_vcpu *v = r.vcpu(d, 0), *other = r.vcpu(d, 1);

	r.at(0).wake(v);
	r.decide(0);
	r.at(2);
	ration_record_yield(&r.record, v, r.now, &r.fx);
	r.decide(0);
	r.at(3);
	ration_record_yield_to(&r.record, v, other, r.now, &r.fx);
	r.decide(0);
	Loaded l(r.log(7));

	ASSERT_TRUE(l.ok);
	EXPECT_EQ(l.bursts(0, 0), "2,yields 1,yields 4,goes on");
	EXPECT_EQ(l.s.domain[0].workload.kind, WORKLOAD_RECORDED);
	EXPECT_GE(l.phase(0, 1), 7);                     /* never woke */
}

TEST(Load, HogsAndIdlersAreCalledThat)
{
	Recorder r(2);
	ration_dom *hog = r.dom("hog", 1), *idle = r.dom("idle", 2);
	ration_vcpu *v = r.vcpu(hog, 0);

	r.vcpu(idle, 0);
	r.at(4).wake(v);
	r.decide(0);
	Loaded l(r.log(20));

	ASSERT_TRUE(l.ok);
	EXPECT_EQ(l.s.domain[0].workload.kind, WORKLOAD_HOG);
	EXPECT_EQ(l.phase(0, 0), 4);
	EXPECT_EQ(l.s.domain[1].workload.kind, WORKLOAD_IDLE);
}

TEST(Load, ABlockThatAWakeUndoesIsNone)
{
	Recorder r;
	ration_vcpu *v = r.vcpu(r.dom("web", 1), 0);

	r.burst(v, 0, 2);
	r.at(5).wake(v);
	r.decide(0);
	r.at(6);
	ration_record_block(&r.record, v, r.now, &r.fx);
	r.wake(v);                                       /* before the CPU decides */
	r.decide(0);
	r.at(9);
	ration_record_block(&r.record, v, r.now, &r.fx);
	r.decide(0);
	Loaded l(r.log(10));

	ASSERT_TRUE(l.ok);
	EXPECT_EQ(l.bursts(0, 0), "2,3 4,1");
}

TEST(Load, ItsOwnPauseAndItsTimeOffLineCountAsBlocked)
{
	Recorder r;
	ration_vcpu *v = r.vcpu(r.dom("web", 1), 0);

	r.at(0).wake(v);
	r.decide(0);
	r.at(2);
	ration_record_pause(&r.record, v, r.now, &r.fx);  /* paused while it runs */
	r.decide(0);
	r.at(6);
	ration_record_resume(&r.record, v, r.now, &r.fx);
	r.decide(0);
	r.at(7);
	ration_record_block(&r.record, v, r.now, &r.fx);
	r.decide(0);
	r.at(8);
	ration_record_down(&r.record, v, r.now, &r.fx);   /* off line while it is blocked */
	r.at(9).wake(v);                                  /* remembered */
	r.at(12);
	ration_record_up(&r.record, v, r.now, &r.fx);
	r.decide(0);
	Loaded l(r.log(13));

	ASSERT_TRUE(l.ok);
	EXPECT_EQ(l.bursts(0, 0), "2,4 1,5 1,goes on");
	EXPECT_EQ(l.events(), "");
}

/* ---- What happened ----------------------------------------------------- */

TEST(Load, WhatHappensToDomainsIsKeptAtItsTime)
{
	Recorder r(2);
	ration_dom *d = r.dom("web", 7);
	ration_vcpu *v = r.vcpu(d, 0);
	ration_attr attr;
	ration_params params = {20 * MS, 0};

	r.at(1).wake(v);
	r.decide(0);
	r.at(2);
	ration_record_dom_pause(&r.record, d, r.now, &r.fx);
	r.decide(0);
	r.at(3);
	ration_record_dom_resume(&r.record, d, r.now, &r.fx);
	r.decide(0);
	ration_dom_get(d, &attr);
	attr.weight = 512;
	attr.cap_ppm = 250000;
	r.at(4);
	EXPECT_EQ(ration_record_policy_set(&r.record, &ration_credit, r.now, &r.fx, &r.why), 0);
	EXPECT_EQ(ration_record_dom_set(&r.record, d, &attr, r.now, &r.fx, &r.why), RATION_OK);
	attr.weight = 0;
	EXPECT_EQ(ration_record_dom_set(&r.record, d, &attr, r.now, &r.fx, &r.why), RATION_E_RANGE);
	r.at(5);
	EXPECT_EQ(ration_record_pin(&r.record, v, {1, 3}, r.now, &r.fx, &r.why), RATION_OK);
	EXPECT_EQ(ration_record_params_set(&r.record, &params, r.now, &r.fx), RATION_OK);
	EXPECT_EQ(ration_record_cpu_down(&r.record, 1, true, r.now, &r.fx, &r.why), RATION_OK);
	EXPECT_EQ(ration_record_cpu_down(&r.record, 1, true, r.now, &r.fx, &r.why), RATION_E_INVALID);
	r.at(6);
	r.decide(1);
	EXPECT_EQ(ration_record_cpu_up(&r.record, 1, r.now, &r.fx), RATION_OK);
	Loaded l(r.log(9));

	ASSERT_TRUE(l.ok);
	EXPECT_EQ(l.events(), "2 pause 0; 3 resume 0; 4 policy 0; 4 set 0; 5 pin 0; 5 policy 0; "
	                      "5 offline 1; 6 online 1");
	EXPECT_EQ(l.s.event[2].policy, &ration_credit);
	EXPECT_EQ(l.s.event[3].attr_given, RATION_ATTR_WEIGHT | RATION_ATTR_CAP);
	EXPECT_EQ(l.s.event[3].attr.weight, 512u);
	EXPECT_EQ(l.s.event[4].affinity.hard, 1u);
	EXPECT_EQ(l.s.event[5].params_given, RATION_ATTR_TSLICE);
	EXPECT_TRUE(l.s.event[6].force);
	EXPECT_EQ(l.s.domain[0].attr.weight, RATION_WEIGHT_DEFAULT);
	/* a pause of the domain is none of the vCPU */
	EXPECT_EQ(l.s.domain[0].workload.kind, WORKLOAD_HOG);
}

TEST(Load, PinsOfAllVcpusAreOneEvent)
{
	Recorder r(4);
	ration_dom *d = r.dom("web", 1);
	ration_vcpu *v[3] = {r.vcpu(d, 0), r.vcpu(d, 1), r.vcpu(d, 2)};
	auto pin = [&r](ration_vcpu *one, ration_cpuset hard) {
		EXPECT_EQ(ration_record_pin(&r.record, one, {hard, 15}, r.now, &r.fx, &r.why), 0);
	};

	r.wake(v[0]);
	r.at(1);
	for (ration_vcpu *one : v)
		pin(one, 3);
	r.at(2);
	for (ration_vcpu *one : v)
		pin(one, one == v[1] ? 1 : 2);               /* not alike */
	r.at(3);
	pin(v[1], 4);                                        /* one alone */
	pin(v[2], 4);
	Loaded l(r.log(9));

	ASSERT_TRUE(l.ok);
	EXPECT_EQ(l.events(), "1 pin 0; 2 pin 0; 2 pin 0; 2 pin 0; 3 pin 0; 3 pin 0");
	EXPECT_EQ(l.s.event[0].vcpu, SCENARIO_ALL);
	EXPECT_EQ(l.s.event[0].affinity.hard, 3u);
	EXPECT_EQ(l.s.event[1].vcpu, 0u);
	EXPECT_EQ(l.s.event[5].vcpu, 2u);
}

/* Run what is asked to leave off its CPU, and let it go. */
void remove(Recorder &r, ration_vcpu *v)
{
	int status = ration_record_leave(&r.record, v, r.now, &r.fx);

	if (status == RATION_E_BUSY) {
		r.decide(0);
		status = ration_record_leave(&r.record, v, r.now, &r.fx);
	}
	EXPECT_EQ(status, RATION_OK);
}

TEST(Load, DomainsComeAndGo)
{
	Recorder r;
	ration_dom *stays = r.dom("stays", 1), *goes;
	ration_vcpu *v = r.vcpu(stays, 0), *w;

	r.burst(v, 0, 2);
	r.at(10);
	goes = r.dom("goes", 2);
	w = r.vcpu(goes, 0);
	r.at(12).wake(w);
	r.decide(0);
	r.at(20);
	remove(r, w);
	EXPECT_EQ(ration_record_dom_leave(&r.record, goes, r.now, &r.fx), RATION_OK);
	r.at(25);
	goes = r.dom("goes", 2);                         /* and again, in the same place */
	w = r.vcpu(goes, 0);
	r.burst(w, 26, 1);
	Loaded l(r.log(30));

	ASSERT_TRUE(l.ok);
	ASSERT_EQ(l.s.domain_count, 3u);
	EXPECT_EQ(l.s.domain[0].start_ns, 0u);
	EXPECT_EQ(l.s.domain[1].start_ns, 10 * MS);
	EXPECT_EQ(l.phase(1, 0), 2);
	EXPECT_EQ(l.s.domain[1].workload.kind, WORKLOAD_HOG);    /* until it was taken away */
	EXPECT_EQ(l.s.domain[2].start_ns, 25 * MS);
	EXPECT_EQ(l.bursts(2, 0), "1,3");
	EXPECT_EQ(l.events(), "20 destroy 1");
}

TEST(Load, WhatComesBeforeAnyoneWakesIsThereFromTheBeginning)
{
	Recorder r;
	ration_vcpu *v;

	r.at(3);
	v = r.vcpu(r.dom("web", 1), 0);
	r.burst(v, 5, 1);
	Loaded l(r.log(10));

	ASSERT_TRUE(l.ok);
	EXPECT_EQ(l.s.domain[0].start_ns, 0u);
	EXPECT_EQ(l.phase(0, 0), 5);
}

TEST(Load, WhatWasRefusedIsNotTriedAgain)
{
	Recorder r;
	ration_dom *d = r.dom("web", 1), *none = r.dom("none", 2);
	ration_effects fx;
	ration_vcpu *v = nullptr;

	r.burst(r.vcpu(d, 0), 0, 1);
	EXPECT_EQ(ration_record_admit(&r.record, d, 0, {1, 1}, r.now, &fx, &v, &r.why),
	          RATION_E_EXISTS);
	EXPECT_EQ(ration_record_dom_leave(&r.record, d, r.now, &fx), RATION_E_BUSY);
	r.at(5);
	v = r.vcpu(none, 0);                             /* comes and goes at once */
	remove(r, v);
	EXPECT_EQ(ration_record_dom_leave(&r.record, none, r.now, &fx), RATION_OK);
	Loaded l(r.log(10));

	ASSERT_TRUE(l.ok);
	EXPECT_EQ(l.s.domain_count, 2u);                 /* it was there from 0 to 5 */
	EXPECT_EQ(l.s.domain[0].vcpu_count, 1u);
	EXPECT_EQ(l.events(), "5 destroy 1");
}

TEST(Load, ADomainThatWentAsItCameIsNone)
{
	Recorder r;
	ration_dom *d = r.dom("web", 1), *none;
	ration_effects fx;

	r.burst(r.vcpu(d, 0), 0, 1);
	none = r.dom("none", 2);
	remove(r, r.vcpu(none, 0));
	EXPECT_EQ(ration_record_dom_leave(&r.record, none, r.now, &fx), RATION_OK);
	Loaded l(r.log(10));

	ASSERT_TRUE(l.ok);
	EXPECT_EQ(l.s.domain_count, 1u);
	EXPECT_EQ(l.events(), "");
}

TEST(Load, AVcpuThatLeavesAloneSleepsFromThenOn)
{
	Recorder r;
	ration_dom *d = r.dom("web", 1);
	ration_vcpu *v = r.vcpu(d, 0), *w = r.vcpu(d, 5);        /* numbers have gaps */

	r.at(0).wake(v);
	r.decide(0);
	r.at(3);
	remove(r, v);
	r.burst(w, 4, 2);
	Loaded l(r.log(10));

	ASSERT_TRUE(l.ok);
	EXPECT_EQ(l.s.domain[0].vcpu_count, 2u);
	EXPECT_EQ(l.bursts(0, 0), "3,sleeps");
	EXPECT_EQ(l.bursts(0, 1), "2,4");
}

TEST(Load, TheFirstDomainIsDom0WhereItsIdSaysSo)
{
	Recorder r;

	r.burst(r.vcpu(r.dom("Domain-0", 0), 0), 0, 1);
	Loaded l(r.log(10));

	ASSERT_TRUE(l.ok);
	EXPECT_TRUE(l.s.domain[0].is_dom0);
}

TEST(Load, ALogWithNothingInItIsNoLoad)
{
	Recorder empty, timeless, endless;

	Loaded l(empty.log(10));
	EXPECT_FALSE(l.ok);
	EXPECT_NE(std::string(l.message).find("0 domains"), std::string::npos) << l.message;
	timeless.vcpu(timeless.dom("web", 1), 0);
	Loaded t(timeless.log(0));
	EXPECT_FALSE(t.ok);
	EXPECT_NE(std::string(t.message).find("no time in it"), std::string::npos) << t.message;
	endless.vcpu(endless.dom("web", 1), 0);
	Loaded e(endless.log(367 * 24 * 3600e3));
	EXPECT_FALSE(e.ok);
	EXPECT_NE(std::string(e.message).find("years in it"), std::string::npos) << e.message;
}

} /* namespace */
