/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * input.h - files that people wrote, read whole into memory, and paths that
 * are relative to the file that names them.
 */
#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define INPUT_SIZE_MAX ((size_t)16 << 20)
#define INPUT_REASON_SIZE 128u

struct input {
	char *data;          /* `length` bytes and a terminating NUL; input_free() */
	size_t length;
};

/*
 * Read a file.  Returns false with the reason as a
 * sentence ("cannot read: No such file or directory, expected ..."): not
 * there, a directory, or larger than INPUT_SIZE_MAX.
 */
bool input_read(const char *path, struct input *input, char reason[INPUT_REASON_SIZE]);
/* The same of standard input. */
bool input_read_standard(struct input *input, char reason[INPUT_REASON_SIZE]);
void input_free(struct input *input);

/* `path` as seen from the folder of `file`: unchanged if it is absolute or
 * `file` has no folder.  A string for free(). */
char *input_path_beside(const char *file, const char *path);

#ifdef __cplusplus
}
#endif
#endif
