/* SPDX-License-Identifier: BSD-2-Clause */
/* read_scenario.h - a scenario out of a text, or what is wrong with it. */
#ifndef READ_SCENARIO_H
#define READ_SCENARIO_H

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "scenario_read.h"

class ReadScenario {
public:
	explicit ReadScenario(const std::string &text, const scenario_options &options = {},
	                      const char *name = "t.yaml")
	{
		char *buffer = nullptr;
		size_t size = 0;
		diagnostics errors = {open_memstream(&buffer, &size), 0};

		ok = scenario_read_text(name, text.data(), text.size(), &options, &s, &errors);
		std::fclose(errors.out);
		message = buffer;
		std::free(buffer);
		count = errors.count;
		EXPECT_EQ(ok, message.empty()) << message;
	}
	~ReadScenario()
	{
		if (ok)
			scenario_free(&s);
	}
	ReadScenario(const ReadScenario &) = delete;
	ReadScenario &operator=(const ReadScenario &) = delete;

	const scenario_domain &domain(const std::string &name) const
	{
		static const scenario_domain none = {};

		for (uint32_t i = 0; i < s.domain_count; i++)
			if (name == s.domain[i].name)
				return s.domain[i];
		ADD_FAILURE() << "no domain " << name;
		return none;
	}

	bool ok;
	unsigned count;
	std::string message;
	scenario s;
};

#endif
