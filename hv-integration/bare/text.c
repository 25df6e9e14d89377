/* SPDX-License-Identifier: BSD-2-Clause */
#include "text.h"

/* ---- Memory ------------------------------------------------------------ */

/* By eight bytes, as far as it goes: on the emulator each round costs the same. */
void *memcpy(void *to, const void *from, size_t size)
{
	void *d = to;
	const void *s = from;
	size_t words = size / 8, rest = size % 8;

	__asm__ volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(words) :: "memory");
	__asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(rest) :: "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	uint8_t *d = to;
	const uint8_t *s = from;

	if ((uintptr_t)d - (uintptr_t)s >= size)
		return memcpy(to, from, size);
	d += size - 1;
	s += size - 1;
	__asm__ volatile("std; rep movsb; cld" : "+D"(d), "+S"(s), "+c"(size) :: "memory");
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	void *d = to;
	size_t words = size / 8, rest = size % 8;
	uint64_t word = (uint8_t)byte * 0x0101010101010101ull;

	__asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(word) : "memory");
	__asm__ volatile("rep stosb" : "+D"(d), "+c"(rest) : "a"(word) : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;

	for (; size != 0; size--, x++, y++)
		if (*x != *y)
			return *x < *y ? -1 : 1;
	return 0;
}

/* ---- Words and numbers ------------------------------------------------- */

size_t text_length(const char *text)
{
	size_t n = 0;

	while (text[n] != '\0')
		n++;
	return n;
}

bool text_equal(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

const char *text_after(const char *text, const char *head)
{
	for (; *head != '\0'; head++, text++)
		if (*text != *head)
			return NULL;
	return text;
}

bool text_copy(char *to, size_t size, const char *from)
{
	size_t i;

	for (i = 0; i + 1 < size && from[i] != '\0'; i++)
		to[i] = from[i];
	to[i] = '\0';
	return from[i] == '\0';
}

static bool text_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool text_word(const char **at, char *word, size_t size)
{
	const char *s = *at;
	size_t n = 0;

	while (text_is_blank(*s))
		s++;
	for (; *s != '\0' && !text_is_blank(*s); s++) {
		if (n + 1 >= size)
			return false;
		word[n++] = *s;
	}
	word[n] = '\0';
	*at = s;
	return n != 0;
}

/* Digits at *at; false if there is none, or it is too much. */
static bool text_digits(const char **at, uint64_t most, uint64_t *value)
{
	const char *s = *at;
	uint64_t v = 0;

	for (; *s >= '0' && *s <= '9'; s++) {
		uint64_t digit = (uint64_t)(*s - '0');

		if (v > (most - digit) / 10 || digit > most)
			return false;
		v = v * 10 + digit;
	}
	if (s == *at)
		return false;
	*at = s;
	*value = v;
	return true;
}

bool text_number(const char *text, uint64_t most, uint64_t *value)
{
	return text_digits(&text, most, value) && *text == '\0';
}

bool text_time(const char *text, uint64_t unit_ns, ration_ns *value)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} unit[] = { { "ns", 1 }, { "us", RATION_NS_PER_US }, { "ms", RATION_NS_PER_MS },
	             { "s", RATION_NS_PER_S } };
	uint64_t count;
	size_t i;

	if (!text_digits(&text, RATION_TIME_MAX / RATION_NS_PER_S, &count))
		return false;
	if (*text != '\0') {
		for (i = 0; i < 4 && !text_equal(text, unit[i].name); i++)
			;
		if (i == 4)
			return false;
		unit_ns = unit[i].ns;
	}
	*value = count * unit_ns;
	return true;
}

/* ---- Format ------------------------------------------------------------ */

struct sink {
	char *to;
	size_t size, length;
};

static void sink_put(struct sink *s, char c)
{
	if (s->length + 1 < s->size)
		s->to[s->length++] = c;
}

static void sink_number(struct sink *s, uint64_t value, uint32_t base, uint32_t width, char pad)
{
	char digit[24];
	uint32_t n = 0;

	do {
		digit[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	for (; width > n; width--)
		sink_put(s, pad);
	while (n != 0)
		sink_put(s, digit[--n]);
}

static void sink_text(struct sink *s, const char *text, uint32_t width, bool left)
{
	size_t length = text_length(text);

	for (; !left && width > length; width--)
		sink_put(s, ' ');
	while (*text != '\0')
		sink_put(s, *text++);
	for (; left && width > length; width--)
		sink_put(s, ' ');
}

static void sink_signed(struct sink *s, int64_t value, uint32_t width)
{
	if (value < 0) {
		sink_put(s, '-');
		sink_number(s, 0 - (uint64_t)value, 10, width, ' ');
	} else {
		sink_number(s, (uint64_t)value, 10, width, ' ');
	}
}

size_t text_format(char *to, size_t size, const char *format, va_list list)
{
	struct sink s = { to, size, 0 };

	for (; *format != '\0'; format++) {
		bool is_long = false, left = false;
		uint32_t width = 0;
		char pad = ' ';

		if (*format != '%') {
			sink_put(&s, *format);
			continue;
		}
		format++;
		if (*format == '-')
			left = *format++ == '-';
		if (*format == '0')
			pad = *format++;
		for (; *format >= '0' && *format <= '9'; format++)
			width = width * 10 + (uint32_t)(*format - '0');
		if (*format == 'l')
			is_long = *format++ == 'l';
		if (*format == 's')
			sink_text(&s, va_arg(list, const char *), width, left);
		else if (*format == 'c')
			sink_put(&s, (char)va_arg(list, int));
		else if (*format == 'd')
			sink_signed(&s, is_long ? va_arg(list, long) : va_arg(list, int), width);
		else if (*format == 'u' || *format == 'x')
			sink_number(&s, is_long ? va_arg(list, unsigned long) : va_arg(list, unsigned),
			            *format == 'u' ? 10 : 16, width, pad);
		else
			sink_put(&s, *format);
	}
	if (size != 0)
		to[s.length] = '\0';
	return s.length;
}

size_t text_print(char *to, size_t size, const char *format, ...)
{
	va_list list;
	size_t length;

	va_start(list, format);
	length = text_format(to, size, format, list);
	va_end(list);
	return length;
}
