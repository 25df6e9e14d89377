/* SPDX-License-Identifier: BSD-2-Clause */
/* link.c - the line to the machine: a socket or a serial terminal, requests and answers. */
#include "hvctl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* Who is not there at once may be in the midst of somebody else's request. */
#define LINK_HELLO_MS 2000

static int64_t link_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Wait until the line can be read or written; false: the time is up. */
static bool link_wait(struct link *l, short events, int64_t end_ms)
{
	struct pollfd line = { l->fd, events, 0 };
	int64_t left;

	for (;;) {
		left = end_ms - link_now_ms();
		if (left <= 0)
			return false;
		if (poll(&line, 1, (int)left) > 0)
			return true;
		if (errno != EINTR && errno != 0)
			return false;
	}
}

static int link_write(struct link *l, const uint8_t *bytes, size_t size, int64_t end_ms)
{
	while (size != 0) {
		ssize_t count = write(l->fd, bytes, size);

		if (count > 0) {
			bytes += count;
			size -= (size_t)count;
		} else if (errno == EAGAIN) {
			if (!link_wait(l, POLLOUT, end_ms))
				return hvctl_fail("the machine takes no request; is another hvctl connected?");
		} else if (errno != EINTR) {
			return hvctl_fail("the line broke: %s", strerror(errno));
		}
	}
	return HVCTL_OK;
}

/* The answer to the last request.  Answers to others, which somebody did not wait for,
 * are passed over.  -1: none came in time. */
static int link_read(struct link *l, uint32_t op, struct ration_control_frame *frame,
                     int64_t end_ms)
{
	for (;;) {
		uint8_t bytes[4096];
		ssize_t count = read(l->fd, bytes, sizeof bytes);
		size_t at = 0;

		if (count == 0)
			return hvctl_fail("the machine closed the line");
		if (count < 0 && errno != EAGAIN && errno != EINTR)
			return hvctl_fail("the line broke: %s", strerror(errno));
		while (count > 0 && at < (size_t)count) {
			bool is_complete;

			at += ration_control_feed(&l->reader, bytes + at, (size_t)count - at, frame,
			                          &is_complete);
			/* What stands after it was not asked for. */
			if (is_complete && frame->id == l->id && frame->op == op)
				return HVCTL_OK;
		}
		if (count < 0 && !link_wait(l, POLLIN, end_ms))
			return -1;
	}
}

/* Send a request and wait; -1: no answer in time. */
static int link_exchange(struct link *l, const struct ration_control_request *q,
                         struct link_answer *a, int timeout_ms)
{
	uint8_t bytes[RATION_CONTROL_HEAD + RATION_CONTROL_REQUEST_MAX];
	struct ration_control_wire w = { .bytes = bytes + RATION_CONTROL_HEAD,
		.size = RATION_CONTROL_REQUEST_MAX };
	struct ration_control_frame frame = { .version = RATION_CONTROL_VERSION,
		.kind = RATION_CONTROL_REQUEST, .op = q->op, .id = ++l->id };
	struct ration_control_request copy = *q;
	int64_t end_ms = link_now_ms() + timeout_ms;
	int status;

	if (ration_control_wire_request(&w, &copy) != RATION_OK)
		return hvctl_fail("too long, expected at most %u bytes", RATION_CONTROL_REQUEST_MAX);
	frame.length = w.at;
	status = link_write(l, bytes, ration_control_seal(&frame, bytes), end_ms);
	if (status != HVCTL_OK)
		return status;
	status = link_read(l, q->op, &frame, end_ms);
	if (status != HVCTL_OK)
		return status;
	if (frame.version != RATION_CONTROL_VERSION)
		return hvctl_fail("the machine speaks version %u of the protocol, expected %u",
		                  frame.version, RATION_CONTROL_VERSION);
	ration_control_wire_answer(&frame, &a->body, &a->status);
	if (a->body.is_short)
		return hvctl_fail("the answer is cut off");
	return HVCTL_OK;
}

int link_ask(struct link *l, const struct ration_control_request *q, struct link_answer *a)
{
	int status = link_exchange(l, q, a, l->timeout_ms);

	if (status < 0)
		return hvctl_fail("no answer within %d ms; is another hvctl connected?", l->timeout_ms);
	if (status != HVCTL_OK || a->status == 0)
		return status;
	return hvctl_fail("%.*s", (int)(a->body.size - a->body.at), a->body.bytes + a->body.at);
}

/* Ask who is there; where nobody answers, end the frame that another one may have left
 * unfinished, and ask again. */
static int link_hello(struct link *l)
{
	static const uint8_t zeros[RATION_CONTROL_REQUEST_MAX];
	struct ration_control_request q = { .op = RATION_CONTROL_INFO };
	int first_ms = l->timeout_ms < LINK_HELLO_MS ? l->timeout_ms / 2 : LINK_HELLO_MS;
	struct link_answer a;
	int status = link_exchange(l, &q, &a, first_ms);

	if (status < 0) {
		status = link_write(l, zeros, sizeof zeros, link_now_ms() + l->timeout_ms);
		if (status == HVCTL_OK)
			status = link_ask(l, &q, &a);
	}
	if (status == HVCTL_OK && a.status != 0)
		return hvctl_fail("%.*s", (int)(a.body.size - a.body.at), a.body.bytes + a.body.at);
	if (status == HVCTL_OK && !ration_control_wire_info(&a.body, &l->info))
		return hvctl_fail("the answer is cut off");
	return status;
}

static int link_socket(struct link *l, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof address.sun_path)
		return hvctl_fail("'%s': too long for a socket, expected at most %zu bytes", path,
		                  sizeof address.sun_path - 1);
	memcpy(address.sun_path, path, strlen(path));
	l->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (l->fd < 0 || connect(l->fd, (struct sockaddr *)&address, sizeof address) != 0)
		return hvctl_fail("'%s': %s", path, strerror(errno));
	(void)fcntl(l->fd, F_SETFL, O_NONBLOCK);
	return HVCTL_OK;
}

static int link_terminal(struct link *l, const char *path)
{
	struct termios line;

	l->fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (l->fd < 0)
		return hvctl_fail("'%s': %s", path, strerror(errno));
	if (tcgetattr(l->fd, &line) != 0)
		return hvctl_fail("'%s': no terminal, expected a socket or a serial line", path);
	cfmakeraw(&line);
	line.c_cflag |= CLOCAL | CREAD;
	(void)cfsetspeed(&line, B115200);
	if (tcsetattr(l->fd, TCSANOW, &line) != 0)
		return hvctl_fail("'%s': %s", path, strerror(errno));
	(void)tcflush(l->fd, TCIFLUSH);
	return HVCTL_OK;
}

int link_open(struct link *l, const char *path)
{
	struct stat what;
	int status;

	l->fd = -1;
	l->reader.kind = RATION_CONTROL_ANSWER;
	/* Not what the last one used: its late answer must not be taken for ours. */
	l->id = (uint32_t)link_now_ms() << 8 ^ (uint32_t)getpid();
	if (stat(path, &what) != 0)
		return hvctl_fail("'%s': %s", path, strerror(errno));
	if (S_ISSOCK(what.st_mode))
		status = link_socket(l, path);
	else if (S_ISCHR(what.st_mode))
		status = link_terminal(l, path);
	else
		return hvctl_fail("'%s': expected a socket or a serial line", path);
	return status == HVCTL_OK ? link_hello(l) : status;
}

void link_close(struct link *l)
{
	if (l->fd >= 0)
		(void)close(l->fd);
}
