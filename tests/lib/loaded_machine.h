/* SPDX-License-Identifier: BSD-2-Clause */
/* loaded_machine.h - machines loaded by SPEC, and files for them, gone with the test. */
#ifndef LOADED_MACHINE_H
#define LOADED_MACHINE_H

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "topology_host.h"

/* One load, released with the test. */
struct Loaded {
	std::unique_ptr<topology_host> host{ new topology_host };
	bool ok;
	std::string message;

	explicit Loaded(const std::string &spec)
	{
		char text[TOPOLOGY_HOST_MESSAGE_SIZE];

		ok = topology_host_load(spec.c_str(), host.get(), text, sizeof(text));
		message = text;
		if (ok) {
			EXPECT_EQ(ration_topology_check(&host->model), nullptr) << spec;
		}
	}
	~Loaded()
	{
		if (ok)
			topology_host_fini(host.get());
	}
	const ration_topology &model() const { return host->model; }
};

/* A file with some text, removed with the test. */
class File {
public:
	explicit File(const std::string &text)
	{
		char name[] = "/tmp/ration-topology-XXXXXX";
		int fd = mkstemp(name);

		path = name;
		close(fd);
		std::ofstream(path) << text;
	}
	~File() { std::remove(path.c_str()); }
	std::string path;
};

#endif
