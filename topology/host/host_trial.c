/* SPDX-License-Identifier: BSD-2-Clause */
/* host_trial.c - a child process that may crash. */
#include "host_trial.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noreturn))
static void host_trial_child(bool (*work)(void *context), void *context, int answer)
{
	struct rlimit no_core = { .rlim_cur = 0, .rlim_max = 0 };
	struct rlimit seconds = { .rlim_cur = HOST_TRIAL_SECONDS, .rlim_max = HOST_TRIAL_SECONDS };
	int nowhere = open("/dev/null", O_WRONLY);

	if (nowhere >= 0)
		(void)dup2(nowhere, STDERR_FILENO);
	(void)setrlimit(RLIMIT_CORE, &no_core);
	(void)setrlimit(RLIMIT_CPU, &seconds);
	(void)work(context);
	/* Not the exit status: tools that watch memory have their own use for it. */
	(void)!write(answer, "", 1);
	_exit(0);       /* not exit(): the parent's buffers are the parent's to flush */
}

/* Does the child say that it came back?  The end of the pipe says that it is gone. */
static bool host_trial_wait(pid_t child, int answer)
{
	ssize_t got;
	char byte;

	do
		got = read(answer, &byte, 1);
	while (got < 0 && errno == EINTR);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return got == 1;
}

bool host_trial(bool (*work)(void *context), void *context)
{
	bool came_back = true;
	int ends[2];
	pid_t child;

	if (pipe(ends) != 0)
		return true;
	child = fork();
	if (child == 0)
		host_trial_child(work, context, ends[1]);
	(void)close(ends[1]);
	if (child > 0)
		came_back = host_trial_wait(child, ends[0]);
	(void)close(ends[0]);
	return came_back;
}
