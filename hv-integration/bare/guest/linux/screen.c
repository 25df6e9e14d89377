/* SPDX-License-Identifier: BSD-2-Clause */
/* The console of the hypervisor as a pipe's end (`say`), and as a terminal (`screen`). */
#include "duty.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

/* No interrupt says that something was typed: it is asked for this often. */
#define TYPED_MS 20

static void put(const char *text, size_t length)
{
	if (guest_is())
		guest_write(text, length);
	else if (write(STDOUT_FILENO, text, length) < 0)
		exit(1);
}

int duty_say(int argc, char **argv)
{
	char bytes[4096];
	ssize_t got;

	for (int i = 1; i < argc; i++) {
		put(argv[i], strlen(argv[i]));
		put(i + 1 < argc ? " " : "\n", 1);
	}
	while (argc < 2 && (got = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0)
		put(bytes, (size_t)got);
	return 0;
}

/* The program gets a terminal of its own; this process carries bytes to and fro. */
static int screen_open(char **argv)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	pid_t pid;

	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
		duty_die("/dev/ptmx");
	pid = fork();
	if (pid < 0)
		duty_die("fork");
	if (pid == 0) {
		int slave;

		(void)setsid();
		slave = open(ptsname(master), O_RDWR);
		if (slave < 0)
			duty_die("the terminal");
		(void)ioctl(slave, TIOCSCTTY, 0);
		for (int fd = 0; fd < 3; fd++)
			(void)dup2(slave, fd);
		(void)close(master);
		execvp(argv[0], argv);
		duty_die(argv[0]);
	}
	return master;
}

static void screen_typed(int master)
{
	struct guest_regs regs = { .rax = RATION_GUEST_CONSOLE_READ };

	guest_call(&regs);
	if ((int64_t)regs.rax > 0 && write(master, &regs.rcx, (size_t)regs.rax) < 0)
		duty_die("the terminal");
}

int duty_screen(int argc, char **argv)
{
	struct pollfd from;
	char bytes[4096];
	int status;

	if (argc < 2 || !guest_is())
		return 2;
	from = (struct pollfd){ screen_open(argv + 1), POLLIN, 0 };
	for (;;) {
		ssize_t got;

		screen_typed(from.fd);
		if (poll(&from, 1, TYPED_MS) <= 0)
			continue;
		got = read(from.fd, bytes, sizeof(bytes));
		if (got <= 0)
			break;       /* EIO: the program has ended */
		put(bytes, (size_t)got);
	}
	return wait(&status) > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
