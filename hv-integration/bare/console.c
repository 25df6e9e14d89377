/* SPDX-License-Identifier: BSD-2-Clause */
#include "console.h"

#include "ration_lock.h"
#include "text.h"
#include "x86.h"

#define COM1 0x3F8u
#define COM2 0x2F8u

/* Registers of the 16550. */
#define UART_DATA 0u
#define UART_IER  1u
#define UART_FCR  2u
#define UART_LCR  3u
#define UART_MCR  4u
#define UART_LSR  5u
#define LSR_DATA  0x01u
#define LSR_EMPTY 0x20u
#define UART_FIFO 16u

static struct ration_lock console_lock;

static uint16_t uart_register(uint32_t port, uint32_t number)
{
	return (uint16_t)(port + number);
}

static void uart_init(uint32_t port)
{
	outb(uart_register(port, UART_IER), 0);
	outb(uart_register(port, UART_LCR), 0x80);
	outb(uart_register(port, UART_DATA), 1);    /* 115,200 baud */
	outb(uart_register(port, UART_IER), 0);
	outb(uart_register(port, UART_LCR), 0x03);  /* 8 bits, no parity, 1 stop bit */
	outb(uart_register(port, UART_FCR), 0x07);
	outb(uart_register(port, UART_MCR), 0x03);
}

/* As many bytes as fit for each look at the port's state. */
static void uart_write(uint32_t port, const char *byte, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (i % UART_FIFO == 0)
			while ((inb(uart_register(port, UART_LSR)) & LSR_EMPTY) == 0)
				ration_lock_relax();
		outb(uart_register(port, UART_DATA), (uint8_t)byte[i]);
	}
}

void console_init(void)
{
	uart_init(COM1);
	uart_init(COM2);
}

void say(const char *format, ...)
{
	char text[512];
	va_list list;
	size_t length;

	va_start(list, format);
	length = text_print(text, sizeof(text), "(hv) ");
	length += text_format(text + length, sizeof(text) - length - 1, format, list);
	va_end(list);
	text[length++] = '\n';
	ration_lock_take(&console_lock);
	uart_write(COM1, text, length);
	ration_lock_release(&console_lock);
}

void console_guest_flush(struct console_line *line, const char *name)
{
	char text[CONSOLE_LINE + 32];
	size_t length;

	if (line->count == 0)
		return;
	length = text_print(text, 32, "[%s] ", name);
	memcpy(text + length, line->byte, line->count);
	length += line->count;
	text[length++] = '\n';
	line->count = 0;
	ration_lock_take(&console_lock);
	uart_write(COM1, text, length);
	ration_lock_release(&console_lock);
}

void console_guest(struct console_line *line, const char *name, char c)
{
	if (c == '\n') {
		console_guest_flush(line, name);
		return;
	}
	if (c == '\r')
		return;
	if ((c < ' ' && c != '\t') || c > '~')
		c = '.';
	line->byte[line->count++] = c;
	if (line->count == CONSOLE_LINE)
		console_guest_flush(line, name);
}

void console_raw(const char *text)
{
	uart_write(COM1, text, text_length(text));
}

void serial2_write(const void *bytes, size_t size)
{
	uart_write(COM2, bytes, size);
}

int serial2_read(void)
{
	if ((inb(uart_register(COM2, UART_LSR)) & LSR_DATA) == 0)
		return -1;
	return inb(uart_register(COM2, UART_DATA));
}
