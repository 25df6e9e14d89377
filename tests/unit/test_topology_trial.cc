/* SPDX-License-Identifier: BSD-2-Clause */
/* test_topology_trial.cc - work that may crash, done in a child process. */
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>

#include "host_trial.h"

namespace {

bool trial_returns(void *context)
{
	*static_cast<int *>(context) = 1;
	return false;
}

bool trial_crashes(void *) { abort(); }
bool trial_leaves(void *) { _exit(0); }

TEST(host_trial, a_crash_happens_elsewhere)
{
	int touched = 0;

	EXPECT_TRUE(host_trial(trial_returns, &touched));
	EXPECT_EQ(touched, 0);
	EXPECT_FALSE(host_trial(trial_crashes, nullptr));
	EXPECT_FALSE(host_trial(trial_leaves, nullptr));
}

} // namespace
