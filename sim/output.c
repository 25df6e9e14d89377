/* SPDX-License-Identifier: BSD-2-Clause */
#define _XOPEN_SOURCE 700
#include "output.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "allocate.h"

/* What a signal has to remove.  Set before the file exists and cleared after
 * it is gone: the handler may unlink in vain, but forgets nothing. */
static char *volatile output_temporaries[OUTPUT_MAX];

static void output_interrupted(int number)
{
	for (unsigned i = 0; i < OUTPUT_MAX; i++)
		if (output_temporaries[i] != NULL)
			(void)unlink(output_temporaries[i]);
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

static void output_watch(char *temporary)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGABRT, SIGXCPU,
	                               SIGXFSZ };
	struct sigaction action, old;

	memset(&action, 0, sizeof(action));
	action.sa_handler = output_interrupted;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			(void)sigaction(numbers[i], &action, NULL);
	for (unsigned i = 0; i < OUTPUT_MAX; i++)
		if (output_temporaries[i] == NULL) {
			output_temporaries[i] = temporary;
			return;
		}
}

static void output_unwatch(const char *temporary)
{
	for (unsigned i = 0; i < OUTPUT_MAX; i++)
		if (output_temporaries[i] == temporary)
			output_temporaries[i] = NULL;
}

static void output_forget(struct output *o)
{
	output_unwatch(o->temporary);
	free(o->path);
	free(o->temporary);
	memset(o, 0, sizeof(*o));
}

/* The mode of the file that it replaces, or of a new one. */
static mode_t output_mode(const char *path)
{
	struct stat status;
	mode_t mask;

	if (stat(path, &status) == 0)
		return status.st_mode & 07777;
	mask = umask(0);
	(void)umask(mask);
	return 0666 & ~mask;
}

static bool output_open_temporary(struct output *o)
{
	static const char suffix[] = ".XXXXXX";
	size_t length = strlen(o->path);
	int descriptor;

	o->temporary = allocate(length + sizeof(suffix), 1);
	memcpy(o->temporary, o->path, length);
	memcpy(o->temporary + length, suffix, sizeof(suffix));
	output_watch(o->temporary);
	descriptor = mkstemp(o->temporary);
	if (descriptor < 0)
		return false;
	(void)fchmod(descriptor, output_mode(o->path));
	o->file = fdopen(descriptor, "w");
	return true;
}

bool output_open(struct output *o, const char *path)
{
	struct stat status;
	char *real;
	int error;

	memset(o, 0, sizeof(*o));
	if (strcmp(path, "-") == 0) {
		o->path = allocate_text("standard output", 15);
		o->file = stdout;
		return true;
	}
	/* through a symbolic link: replace what it points to, not the link */
	real = realpath(path, NULL);
	o->path = real != NULL ? real : allocate_text(path, strlen(path));
	if (real != NULL && stat(real, &status) == 0 && !S_ISREG(status.st_mode))
		o->file = fopen(real, "w");
	else if (real != NULL && access(real, W_OK) != 0)
		o->file = NULL;
	else if (!output_open_temporary(o))
		o->file = NULL;
	if (o->file != NULL)
		return true;
	error = errno;
	output_forget(o);
	errno = error;
	return false;
}

void output_discard(struct output *o)
{
	if (o->file == NULL)
		return;
	if (o->file != stdout)
		(void)fclose(o->file);
	if (o->temporary != NULL)
		(void)unlink(o->temporary);
	output_forget(o);
}

bool output_commit(struct output *o)
{
	bool failed = ferror(o->file) != 0 || fflush(o->file) != 0;
	int error = errno;

	if (o->file == stdout) {
		output_forget(o);
		errno = error;
		return !failed;
	}
	failed |= fclose(o->file) != 0;
	if (!failed && o->temporary != NULL && rename(o->temporary, o->path) != 0)
		failed = true;
	error = errno;
	if (failed && o->temporary != NULL)
		(void)unlink(o->temporary);
	output_forget(o);
	errno = error;
	return !failed;
}
