/* SPDX-License-Identifier: BSD-2-Clause */
/* run_ration.h - run the command in a folder of its own, and see what it says. */
#ifndef RUN_RATION_H
#define RUN_RATION_H

#include <gtest/gtest.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

/* The command under test: RATION_BIN, else where `make` puts it. */
inline std::string ration_binary()
{
	const char *given = std::getenv("RATION_BIN"), *output = std::getenv("O");
	std::string path = given != nullptr ? given
	                                    : std::string(output != nullptr ? output : "build") +
	                                          "/bin/ration";
	char real[PATH_MAX];

	return realpath(path.c_str(), real) != nullptr ? real : path;
}

class RunRation : public testing::Test {
protected:
	void SetUp() override
	{
		char name[] = "/tmp/ration-cli-XXXXXX";
		char here[PATH_MAX];

		ASSERT_NE(mkdtemp(name), nullptr);
		folder = name;
		ASSERT_NE(getcwd(here, sizeof(here)), nullptr);
		source = here;
		binary = ration_binary();
		ASSERT_EQ(access(binary.c_str(), X_OK), 0) << binary << ": build it, or set RATION_BIN";
	}
	void TearDown() override
	{
		if (!folder.empty()) {
			EXPECT_EQ(std::system(("rm -rf " + folder).c_str()), 0);
		}
	}

	std::string path(const std::string &name) const { return folder + "/" + name; }

	void write(const std::string &name, const std::string &text)
	{
		std::ofstream(path(name), std::ios::binary) << text;
	}
	std::string read(const std::string &name) const
	{
		std::ifstream in(path(name), std::ios::binary);
		std::ostringstream text;

		text << in.rdbuf();
		return text.str();
	}
	/* What the folder holds, but for what this class puts there. */
	std::set<std::string> files() const
	{
		std::set<std::string> names;
		DIR *directory = opendir(folder.c_str());

		for (dirent *entry; directory != nullptr && (entry = readdir(directory)) != nullptr;)
			if (entry->d_name[0] != '.')
				names.insert(entry->d_name);
		if (directory != nullptr)
			closedir(directory);
		return names;
	}

	/* Begin; standard output goes into `stdout_path`, or .out. */
	pid_t start(const std::vector<std::string> &arguments, const char *stdout_path = nullptr,
	            const std::string &input = "/dev/null")
	{
		std::vector<char *> argv{const_cast<char *>(binary.c_str())};
		pid_t child;

		for (const std::string &argument : arguments)
			argv.push_back(const_cast<char *>(argument.c_str()));
		argv.push_back(nullptr);
		child = fork();
		if (child != 0)
			return child;
		if (chdir(folder.c_str()) != 0)
			_exit(98);
		redirect(input.c_str(), O_RDONLY, 0);
		redirect(stdout_path != nullptr ? stdout_path : ".out", O_WRONLY | O_CREAT | O_TRUNC, 1);
		redirect(".err", O_WRONLY | O_CREAT | O_TRUNC, 2);
		execv(argv[0], argv.data());
		_exit(99);
	}
	int wait_for(pid_t child)
	{
		int status = 0;

		EXPECT_EQ(waitpid(child, &status, 0), child);
		out = read(".out");
		err = read(".err");
		return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
	}
	int run(const std::vector<std::string> &arguments, const char *stdout_path = nullptr,
	        const std::string &input = "/dev/null")
	{
		return wait_for(start(arguments, stdout_path, input));
	}
	/* Run a scenario of that text. */
	int run_text(const std::string &text, std::vector<std::string> arguments = {})
	{
		write("s.yaml", text);
		arguments.insert(arguments.begin(), {"run", "s.yaml"});
		return run(arguments);
	}
	std::string shipped(const std::string &name) const
	{
		return source + "/sim/scenarios/" + name + ".yaml";
	}

	std::string folder, source, binary, out, err;

private:
	static void redirect(const char *name, int flags, int to)
	{
		int descriptor = open(name, flags, 0600);

		if (descriptor < 0 || dup2(descriptor, to) < 0)
			_exit(97);
		close(descriptor);
	}
};

#endif
