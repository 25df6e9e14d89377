/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * simulation.h - a scenario text, run by the engine: for tests.
 *
 *     Simulation run("host: {topology: ...}\n...");
 *     run["web"].jobs
 */
#ifndef TESTS_LIB_SIMULATION_H
#define TESTS_LIB_SIMULATION_H

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include "scenario_read.h"
#include "sim.h"

/* A scenario, read from a text or (of_file) from a file. */
struct Scenario {
	scenario s;
	bool ok;

	explicit Scenario(const std::string &text)
	{
		scenario_options none = {};
		diagnostics errors = {};

		errors.out = stderr;
		ok = scenario_read_text("test.yaml", text.c_str(), text.size(), &none, &s, &errors);
		EXPECT_TRUE(ok) << text;
	}
	static Scenario of_file(const char *path) { return Scenario(path, 0); }
	~Scenario()
	{
		if (ok)
			scenario_free(&s);
	}
	Scenario(const Scenario &) = delete;

private:
	Scenario(const char *path, int)
	{
		scenario_options none = {};
		diagnostics errors = {};

		errors.out = stderr;
		ok = scenario_read(path, &none, &s, &errors);
		EXPECT_TRUE(ok) << path;
	}
};

struct Simulation {
	sim_result result;
	bool admitted;
	std::string log, trace;          /* filled where asked for */
	const scenario *of;

	enum { CHECK = 1, LOG = 2, TRACE = 4 };

	Simulation(const Scenario &from, int what = CHECK, ration_ns trace_from_ns = 0,
	           ration_ns trace_to_ns = RATION_NEVER)
	    : of(&from.s)
	{
		sim_options options = {};
		char *text[2] = {};
		size_t size[2] = {};

		options.check = (what & CHECK) != 0;
		options.log = (what & LOG) != 0 ? open_memstream(&text[0], &size[0]) : nullptr;
		options.trace = (what & TRACE) != 0 ? open_memstream(&text[1], &size[1]) : nullptr;
		options.trace_from_ns = trace_from_ns;
		options.trace_to_ns = trace_to_ns;
		admitted = sim_run(of, &options, &result);
		EXPECT_STREQ(result.broken, nullptr);
		take(options.log, text[0], log);
		take(options.trace, text[1], trace);
	}
	~Simulation() { sim_result_free(&result); }
	Simulation(const Simulation &) = delete;

	const sim_domain &operator[](const char *name) const
	{
		for (uint32_t i = 0; i < of->domain_count; i++)
			if (strcmp(of->domain[i].name, name) == 0)
				return result.domain[i];
		ADD_FAILURE() << "no domain " << name;
		return result.domain[0];
	}

	/* Per cent of one CPU. */
	double used(const char *name) const
	{
		return static_cast<double>((*this)[name].ledger.running_ns) /
		       static_cast<double>(result.sim_ns) * 100;
	}

private:
	static void take(FILE *file, char *&text, std::string &to)
	{
		if (file == nullptr)
			return;
		fclose(file);
		to = text;
		free(text);
	}
};

#endif
