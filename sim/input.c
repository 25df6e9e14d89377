/* SPDX-License-Identifier: BSD-2-Clause */
#define _POSIX_C_SOURCE 200809L
#include "input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "allocate.h"

#define INPUT_CHUNK ((size_t)64 << 10)

/* Also where the size is not known beforehand: a pipe, /dev/stdin. */
static bool input_read_stream(FILE *stream, struct input *input, char reason[INPUT_REASON_SIZE])
{
	size_t room = 0;

	for (;;) {
		size_t got;

		if (room - input->length < INPUT_CHUNK) {
			room = room * 2 + INPUT_CHUNK;
			input->data = allocate_again(input->data, room + 1, 1);
		}
		got = fread(input->data + input->length, 1, INPUT_CHUNK, stream);
		input->length += got;
		if (input->length > INPUT_SIZE_MAX) {
			(void)snprintf(reason, INPUT_REASON_SIZE,
			               "too large: expected at most %zu MiB", INPUT_SIZE_MAX >> 20);
			return false;
		}
		if (got == 0)
			break;
	}
	if (ferror(stream)) {
		(void)snprintf(reason, INPUT_REASON_SIZE, "cannot read: %s", strerror(errno));
		return false;
	}
	input->data[input->length] = '\0';
	return true;
}

static bool input_refuse(char reason[INPUT_REASON_SIZE], const char *why)
{
	(void)snprintf(reason, INPUT_REASON_SIZE, "cannot read: %s, expected a file", why);
	return false;
}

static bool input_read_open(FILE *stream, struct input *input, char reason[INPUT_REASON_SIZE])
{
	struct stat status;
	bool ok;

	input->data = NULL;
	input->length = 0;
	if (stream == NULL)
		return input_refuse(reason, strerror(errno));
	if (fstat(fileno(stream), &status) == 0 && S_ISDIR(status.st_mode))
		ok = input_refuse(reason, "Is a directory");
	else
		ok = input_read_stream(stream, input, reason);
	if (!ok)
		input_free(input);
	return ok;
}

bool input_read(const char *path, struct input *input, char reason[INPUT_REASON_SIZE])
{
	FILE *stream = fopen(path, "rb");
	bool ok = input_read_open(stream, input, reason);

	if (stream != NULL)
		(void)fclose(stream);
	return ok;
}

bool input_read_standard(struct input *input, char reason[INPUT_REASON_SIZE])
{
	return input_read_open(stdin, input, reason);
}

void input_free(struct input *input)
{
	free(input->data);
	input->data = NULL;
	input->length = 0;
}

char *input_path_beside(const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');
	size_t folder = slash == NULL || path[0] == '/' ? 0 : (size_t)(slash - file) + 1;
	char *joined = allocate(folder + strlen(path) + 1, 1);

	memcpy(joined, file, folder);
	memcpy(joined + folder, path, strlen(path) + 1);
	return joined;
}
