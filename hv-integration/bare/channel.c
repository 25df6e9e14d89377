/* SPDX-License-Identifier: BSD-2-Clause */
#include "channel.h"

#include "admin.h"
#include "domain.h"
#include "ration_control.h"
#include "recorder.h"
#include "text.h"

#define POLL_NS RATION_NS_PER_MS

static struct {
	struct ration_control control;
	struct ration_control_channel serial, dom0;
	struct ration_lock dom0_lock;
	bool is_serial;
	ration_ns next_ns;
} channel = { .next_ns = RATION_NEVER };

/* ---- What is the host's -------------------------------------------------- */

static struct domain *channel_domain(uint32_t id)
{
	uint32_t i;

	for (i = 0; i < DOMAIN_MAX; i++)
		if (FLAG_GET(domain_list[i].state) != DOMAIN_NONE && domain_list[i].id == id)
			return &domain_list[i];
	return NULL;
}

static int channel_create(void *context, const char *text, uint32_t length, uint32_t *id,
                          struct ration_reason *why)
{
	char line[RATION_CONTROL_REQUEST_MAX + 1];
	struct domain_config config;
	const char *wrong;

	(void)context;
	memcpy(line, text, length);
	line[length] = '\0';
	ration_lock_take(&hv.admin);
	wrong = domain_config_read(&config, line, NULL);
	if (wrong == NULL)
		wrong = domain_create(&config);
	if (wrong == NULL)
		*id = domain_find(config.name)->id;
	else
		ration_reason_text(why, wrong);
	ration_lock_release(&hv.admin);
	return wrong == NULL ? RATION_OK : RATION_E_INVALID;
}

static int channel_destroy(void *context, uint32_t id, struct ration_reason *why)
{
	struct domain *d;

	(void)context;
	(void)why;
	ration_lock_take(&hv.admin);
	d = channel_domain(id);
	if (d != NULL)
		domain_end(d, DOMAIN_ENDS, "destroyed");
	ration_lock_release(&hv.admin);
	return d != NULL ? RATION_OK : (int)RATION_CONTROL_E_NONE;
}

static int channel_pause(void *context, uint32_t id, bool pause, struct ration_reason *why)
{
	struct domain *d;

	(void)context;
	(void)why;
	ration_lock_take(&hv.admin);
	d = channel_domain(id);
	if (d != NULL && d->paused != pause) {
		d->paused = pause;
		domain_pause(d, pause);
	}
	ration_lock_release(&hv.admin);
	return d != NULL ? RATION_OK : (int)RATION_CONTROL_E_NONE;
}

static int channel_describe(void *context, uint32_t id, struct ration_control_domain *to)
{
	struct domain *d;

	(void)context;
	ration_lock_take(&hv.admin);
	d = channel_domain(id);
	if (d != NULL) {
		(void)text_copy(to->name, sizeof(to->name), d->config.name);
		to->memory_bytes = (uint64_t)d->config.mem_mib << 20;
		to->flags = (d->id == 0 ? RATION_CONTROL_PRIVILEGED : 0u) |
		            (d->paused ? RATION_CONTROL_PAUSED : 0u) |
		            (FLAG_GET(d->state) != DOMAIN_LIVES ? RATION_CONTROL_DYING : 0u);
	}
	ration_lock_release(&hv.admin);
	return d != NULL ? RATION_OK : (int)RATION_CONTROL_E_NONE;
}

static int channel_console_read(void *context, uint32_t id, uint64_t *from, uint8_t *to,
                                uint32_t *size, struct ration_reason *why)
{
	struct domain *d;

	(void)context;
	(void)why;
	ration_lock_take(&hv.admin);
	d = channel_domain(id);
	if (d != NULL) {
		ration_lock_take(&d->lock);
		*size = domain_output_read(d, from, to, *size);
		ration_lock_release(&d->lock);
	}
	ration_lock_release(&hv.admin);
	return d != NULL ? RATION_OK : (int)RATION_CONTROL_E_NONE;
}

static int channel_console_write(void *context, uint32_t id, const uint8_t *bytes, uint32_t *size,
                                 struct ration_reason *why)
{
	struct domain *d;
	uint32_t n = 0;

	(void)context;
	(void)why;
	ration_lock_take(&hv.admin);
	d = channel_domain(id);
	if (d != NULL) {
		ration_lock_take(&d->lock);
		while (n < *size && domain_input_put(d, bytes[n]))
			n++;
		ration_lock_release(&d->lock);
		*size = n;
	}
	ration_lock_release(&hv.admin);
	return d != NULL ? RATION_OK : (int)RATION_CONTROL_E_NONE;
}

static int channel_shutdown(void *context, bool is_reset, struct ration_reason *why)
{
	(void)context;
	(void)why;
	admin_shutdown(is_reset);
	return RATION_OK;
}

void channel_init(bool serial)
{
	static const struct ration_control_host host = {
		NULL, channel_create, channel_destroy, channel_pause, channel_describe,
		channel_console_read, channel_console_write, channel_shutdown
	};

	ration_control_init(&channel.control, &hv.port, &hv.config, 0, &host, recorder_writer,
	                    recorder_machine);
	ration_control_open(&channel.serial, &channel.control, true, 0);
	ration_control_open(&channel.dom0, &channel.control, true, 0);
	channel.is_serial = serial;
	if (serial)
		channel.next_ns = 0;
}

/* ---- The serial port ----------------------------------------------------- */

bool channel_is_serial(void)
{
	return channel.is_serial;
}

ration_ns channel_next(void)
{
	return channel.next_ns;
}

static void channel_answer(void)
{
	uint8_t byte[256];
	size_t size;

	while ((size = ration_control_take(&channel.serial, byte, sizeof(byte))) != 0)
		serial2_write(byte, size);
}

void channel_poll(ration_ns now)
{
	uint8_t byte;
	int value;

	if (now < channel.next_ns)
		return;
	while ((value = serial2_read()) >= 0) {
		byte = (uint8_t)value;
		(void)ration_control_put(&channel.serial, &byte, 1);
		channel_answer();
	}
	channel.next_ns = now + POLL_NS;
}

/* ---- dom0's calls -------------------------------------------------------- */

size_t channel_put(const uint8_t *bytes, size_t size)
{
	size_t taken;

	ration_lock_take(&channel.dom0_lock);
	taken = ration_control_put(&channel.dom0, bytes, size);
	ration_lock_release(&channel.dom0_lock);
	return taken;
}

size_t channel_take(uint8_t *bytes, size_t size)
{
	size_t taken;

	ration_lock_take(&channel.dom0_lock);
	taken = ration_control_take(&channel.dom0, bytes, size);
	ration_lock_release(&channel.dom0_lock);
	return taken;
}
