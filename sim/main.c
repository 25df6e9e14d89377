/* SPDX-License-Identifier: BSD-2-Clause */
/* ration: a table of subcommands. */
#include <stdio.h>
#include <string.h>

#include "cmd_topology.h"
#include "command.h"
#include "diagnostics.h"

#ifndef RATION_VERSION
#define RATION_VERSION "unknown"
#endif

static int cmd_help(int argc, char **argv);

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments, *what;
} commands[] = {
	{ "run", cmd_run, "SCENARIO", "simulate a scenario and print what each VM got" },
	{ "replay", cmd_replay, "LOG", "run a recorded log again, and compare each decision" },
	{ "check", cmd_check, "SCENARIO", "say whether a scenario is valid, and what would run" },
	{ "ideal", cmd_ideal, "SCENARIO", "print what each VM is owed, by linear programming" },
	{ "admit", cmd_admit, "SCENARIO", "say whether all that is promised can be kept" },
	{ "topology", cmd_topology, "[SPEC]", "draw a machine: this one, a file, or a description" },
	{ "help", cmd_help, "[COMMAND]", "print this, or how to use a command" },
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *out)
{
	fputs("Usage: ration COMMAND [OPTION]... [ARGUMENT]\n"
	      "Simulate a vCPU scheduler on your virtual machines and your server.\n\n", out);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(out, "  %-8s %-10s %s\n", commands[i].name, commands[i].arguments,
		        commands[i].what);
	fputs("\n"
	      "  -h, --help     print this; 'ration COMMAND --help' tells of a command\n"
	      "  -V, --version  print the version\n"
	      "\n"
	      "The manual: ration(1), ration-scenario(5).\n", out);
}

static int version(void)
{
	puts("ration " RATION_VERSION);
	return command_finish("version", COMMAND_OK);
}

static int unknown(const char *name)
{
	const char *names[COMMAND_COUNT];
	const char *near;

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		names[i] = commands[i].name;
	near = suggest(name, names, COMMAND_COUNT);
	fprintf(stderr, "ration: there is no %s '%s'%s%s%s, expected one of run, replay, "
	        "check, ideal, admit, topology, help; see 'ration --help'\n",
	        name[0] == '-' ? "option" : "command", name,
	        near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
	        near != NULL ? "'?)" : "");
	return COMMAND_BAD_INPUT;
}

static int run_command(int argc, char **argv)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i].name, argv[0]) == 0)
			return commands[i].run(argc, argv);
	return unknown(argv[0]);
}

static int cmd_help(int argc, char **argv)
{
	static char help[] = "--help";
	char *arguments[3];

	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return command_finish("help", COMMAND_OK);
	}
	arguments[0] = argv[1];
	arguments[1] = help;
	arguments[2] = NULL;
	return run_command(2, arguments);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return COMMAND_BAD_INPUT;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage(stdout);
		return command_finish("help", COMMAND_OK);
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		return version();
	return run_command(argc - 1, argv + 1);
}
