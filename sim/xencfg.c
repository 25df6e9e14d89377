/* SPDX-License-Identifier: BSD-2-Clause */
#include "xencfg.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"

#define EXPECTED_LITERAL "expected a string, a number or a list (nothing is executed)"

struct parser {
	struct diagnostics *errors;
	const char *file, *text;
	size_t length, at;
	unsigned line, column;       /* of `at`; columns count characters, not bytes */
	unsigned brackets;           /* open ones: line ends are blanks within */
	bool failed;
};

static int parser_peek_at(const struct parser *p, size_t ahead)
{
	return p->at + ahead < p->length ? (unsigned char)p->text[p->at + ahead] : -1;
}

static int parser_peek(const struct parser *p)
{
	return parser_peek_at(p, 0);
}

static struct scenario_mark parser_mark(const struct parser *p)
{
	struct scenario_mark mark = { p->file, p->line, p->column };

	return mark;
}

static void parser_step(struct parser *p)
{
	unsigned char c = (unsigned char)p->text[p->at++];

	if (c == '\n') {
		p->line++;
		p->column = 1;
	} else if ((c & 0xc0) != 0x80) {
		p->column++;
	}
}

static void parser_skip(struct parser *p, size_t count)
{
	while (count-- > 0)
		parser_step(p);
}

static bool parser_take(struct parser *p, char c)
{
	if (parser_peek(p) != (unsigned char)c)
		return false;
	parser_step(p);
	return true;
}

__attribute__((format(printf, 3, 4)))
static bool parser_fail(struct parser *p, struct scenario_mark at, const char *format, ...)
{
	char text[256];
	va_list arguments;

	if (p->failed)
		return false;
	p->failed = true;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	diagnostics_error(p->errors, at, "%s", text);
	return false;
}

/* ASCII only, whatever the locale. */
static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_begin(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(int c)
{
	return is_name_begin(c) || is_digit(c);
}

static bool at_line_end(const struct parser *p)
{
	return parser_peek(p) == '\n' || (parser_peek(p) == '\r' && parser_peek_at(p, 1) == '\n');
}

/* Blanks, comments, joined lines; within brackets line ends as well. */
static void parser_blanks(struct parser *p)
{
	for (;;) {
		int c = parser_peek(p);

		if (c == ' ' || c == '\t' || c == '\f' || (c == '\r' && at_line_end(p))) {
			parser_step(p);
		} else if (c == '\n' && p->brackets != 0) {
			parser_step(p);
		} else if (c == '#') {
			while (parser_peek(p) != -1 && parser_peek(p) != '\n')
				parser_step(p);
		} else if (c == '\\' && (parser_peek_at(p, 1) == '\n' ||
		                         (parser_peek_at(p, 1) == '\r' &&
		                          parser_peek_at(p, 2) == '\n'))) {
			parser_skip(p, parser_peek_at(p, 1) == '\n' ? 2 : 3);
		} else {
			return;
		}
	}
}

/* ---- Strings ---------------------------------------------------------- */

struct builder {
	char *text;
	size_t length, room;
};

static void builder_add(struct builder *b, char c)
{
	if (b->length + 1 >= b->room) {
		b->room = b->room * 2 + 32;
		b->text = allocate_again(b->text, b->room, 1);
	}
	b->text[b->length++] = c;
	b->text[b->length] = '\0';
}

static int digit_value(int c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

/* At most `digits` digits of a character's number. */
static void string_number(struct parser *p, struct builder *b, int base, int digits)
{
	int value = 0;

	while (digits-- > 0 && digit_value(parser_peek(p)) < base) {
		value = value * base + digit_value(parser_peek(p));
		parser_step(p);
	}
	builder_add(b, (char)(value & 0xff));
}

/* What follows a backslash.  An escape that Python does not know stays as it is. */
static void string_escape(struct parser *p, struct builder *b)
{
	static const char from[] = "abfnrtv\\'\"", to[] = "\a\b\f\n\r\t\v\\'\"";
	int c = parser_peek(p);
	const char *known = c > 0 ? strchr(from, c) : NULL;

	if (c >= '0' && c <= '7') {
		string_number(p, b, 8, 3);
	} else if (c == 'x' && digit_value(parser_peek_at(p, 1)) < 16) {
		parser_step(p);
		string_number(p, b, 16, 2);
	} else if (known != NULL) {
		parser_step(p);
		builder_add(b, to[known - from]);
	} else if (at_line_end(p)) {
		parser_skip(p, c == '\n' ? 1 : 2);
	} else {
		builder_add(b, '\\');
	}
}

static bool parse_string(struct parser *p, bool raw, struct builder *b)
{
	struct scenario_mark mark = parser_mark(p);
	char quote = (char)parser_peek(p);
	bool triple = parser_peek_at(p, 1) == quote && parser_peek_at(p, 2) == quote;
	size_t quotes = triple ? 3 : 1;

	parser_skip(p, quotes);
	for (;;) {
		int c = parser_peek(p);

		if (c == -1 || (!triple && at_line_end(p)))
			return parser_fail(p, mark, "this string does not end, expected %.*s%s",
			                   (int)quotes, quote == '"' ? "\"\"\"" : "'''",
			                   c == -1 || triple ? "" : " on the same line, or a "
			                   "backslash at its end to continue it");
		if (c == 0)
			return parser_fail(p, parser_mark(p), "a NUL, expected text");
		if (c == quote && (!triple || (parser_peek_at(p, 1) == quote &&
		                               parser_peek_at(p, 2) == quote)))
			break;
		parser_step(p);
		if (c == '\\' && !raw)
			string_escape(p, b);
		else
			builder_add(b, (char)c);
	}
	parser_skip(p, quotes);
	return true;
}

/* A string may have a prefix (r, u, b), which changes nothing but r's escapes. */
static size_t string_prefix(const struct parser *p, bool *raw)
{
	size_t length = 0;

	*raw = false;
	while (length < 2 && parser_peek_at(p, length) > 0 &&
	       strchr("rRuUbB", parser_peek_at(p, length)) != NULL) {
		*raw |= (parser_peek_at(p, length) | 0x20) == 'r';
		length++;
	}
	if (parser_peek_at(p, length) == '"' || parser_peek_at(p, length) == '\'')
		return length;
	return SIZE_MAX;
}

/* Strings that stand side by side are one. */
static bool parse_strings(struct parser *p, struct xencfg_value *v)
{
	struct builder b = { NULL, 0, 0 };
	size_t prefix, begin = p->at, end = 0;
	unsigned pieces = 0, line = p->line;
	bool raw;

	v->kind = XENCFG_STRING;
	b.text = allocate_text("", 0);
	b.room = 1;
	while ((prefix = string_prefix(p, &raw)) != SIZE_MAX) {
		parser_skip(p, prefix);
		if (!parse_string(p, raw, &b)) {
			free(b.text);
			return false;
		}
		pieces++;
		end = p->at;
		parser_blanks(p);
	}
	v->text = b.text;
	v->length = b.length;
	v->flat = pieces == 1 && line == p->line && end - begin == b.length + 2;
	return true;
}

/* ---- Numbers and words ------------------------------------------------ */

static void value_keep_text(const struct parser *p, size_t begin, struct xencfg_value *v)
{
	v->kind = XENCFG_OTHER;
	v->length = p->at - begin;
	v->text = allocate_text(p->text + begin, v->length);
}

static bool number_digits(struct parser *p, int base, int64_t *value)
{
	bool fits = true;

	while (digit_value(parser_peek(p)) < base) {
		int digit = digit_value(parser_peek(p));

		if (*value > (INT64_MAX - digit) / base)
			fits = false;
		else
			*value = *value * base + digit;
		parser_step(p);
	}
	return fits;
}

static int number_base(struct parser *p)
{
	int second = parser_peek_at(p, 1) | 0x20;

	if (parser_peek(p) != '0')
		return 10;
	if (second == 'x' || second == 'o' || second == 'b') {
		parser_skip(p, 2);
		return second == 'x' ? 16 : second == 'o' ? 8 : 2;
	}
	return is_digit(parser_peek_at(p, 1)) ? 8 : 10;
}

/* A fraction or an exponent: kept as text, no key of ours has one. */
static bool number_is_fraction(struct parser *p)
{
	bool found = false;

	while (parser_peek(p) == '.' || is_digit(parser_peek(p)) ||
	       (parser_peek(p) | 0x20) == 'e' ||
	       (found && (parser_peek(p) == '-' || parser_peek(p) == '+') &&
	        (p->text[p->at - 1] | 0x20) == 'e')) {
		found = true;
		parser_step(p);
	}
	return found;
}

static bool parse_number(struct parser *p, struct xencfg_value *v)
{
	struct scenario_mark mark = parser_mark(p);
	size_t begin = p->at;
	int64_t value = 0;
	bool negative = parser_take(p, '-'), fits;

	if (!negative)
		(void)parser_take(p, '+');
	if (!is_digit(parser_peek(p)) && parser_peek(p) != '.')
		return parser_fail(p, mark, "not a number, " EXPECTED_LITERAL);
	fits = number_digits(p, number_base(p), &value);
	if (number_is_fraction(p)) {
		value_keep_text(p, begin, v);
	} else {
		v->kind = XENCFG_INTEGER;
		v->integer = negative ? -value : value;
		if (!fits)
			return parser_fail(p, mark, "this number is too large, expected 64 bits");
		if (parser_peek(p) == 'L' || parser_peek(p) == 'l')
			parser_step(p);
	}
	if (is_name(parser_peek(p)))
		return parser_fail(p, mark, "'%.*s' is no number, " EXPECTED_LITERAL,
		                   (int)(p->at + 1 - begin), p->text + begin);
	return true;
}

static bool parse_word(struct parser *p, struct xencfg_value *v)
{
	struct scenario_mark mark = parser_mark(p);
	size_t begin = p->at;

	while (is_name(parser_peek(p)) || parser_peek(p) == '.')
		parser_step(p);
	value_keep_text(p, begin, v);
	if (strcmp(v->text, "None") == 0)
		return true;
	v->integer = strcmp(v->text, "True") == 0;
	if (v->integer == 1 || strcmp(v->text, "False") == 0)
		return true;
	return parser_fail(p, mark, "'%.40s' is not a literal, " EXPECTED_LITERAL, v->text);
}

/* ---- Lists ------------------------------------------------------------ */

static bool parse_value(struct parser *p, struct xencfg_value *v, unsigned depth);
static void value_free(struct xencfg_value *v);

/* One item more; in a dictionary a key, a colon and a value, kept as two. */
static bool parse_item(struct parser *p, struct xencfg_value *v, unsigned depth)
{
	v->item = allocate_room(v->item, v->count, sizeof(*v->item));
	memset(&v->item[v->count], 0, sizeof(*v->item));
	v->count++;
	return parse_value(p, &v->item[v->count - 1], depth + 1);
}

/* Recursion: at most XENCFG_DEPTH_MAX deep. */
static bool parse_list(struct parser *p, char close, struct xencfg_value *v, unsigned depth)
{
	struct scenario_mark mark = parser_mark(p);

	v->kind = close == '}' ? XENCFG_OTHER : XENCFG_LIST;
	if (depth >= XENCFG_DEPTH_MAX)
		return parser_fail(p, mark, "nested too deeply, expected at most %u levels",
		                   XENCFG_DEPTH_MAX);
	parser_step(p);
	p->brackets++;
	for (;;) {
		parser_blanks(p);
		if (parser_peek(p) == (unsigned char)close)
			break;
		if (parser_peek(p) == -1)
			return parser_fail(p, mark, "this list does not end, expected '%c'", close);
		if (!parse_item(p, v, depth))
			return false;
		if (close == '}') {
			if (!parser_take(p, ':'))
				return parser_fail(p, parser_mark(p), "not a dictionary, expected "
				                   "':' behind the key");
			parser_blanks(p);
			if (!parse_item(p, v, depth))
				return false;
		}
		if (!parser_take(p, ',') && parser_peek(p) != (unsigned char)close)
			return parser_fail(p, parser_peek(p) == -1 ? mark : parser_mark(p),
			                   "this list goes on wrongly or does not end, expected "
			                   "',' or '%c'", close);
	}
	p->brackets--;
	parser_step(p);
	return true;
}

/* A value, and the blanks behind it. */
static bool parse_value(struct parser *p, struct xencfg_value *v, unsigned depth)
{
	int c = parser_peek(p);
	bool ok, raw;

	v->mark = parser_mark(p);
	if (string_prefix(p, &raw) != SIZE_MAX)
		ok = parse_strings(p, v);
	else if (c == '[' || c == '(' || c == '{')
		ok = parse_list(p, c == '[' ? ']' : c == '(' ? ')' : '}', v, depth);
	else if (is_digit(c) || c == '-' || c == '+' || c == '.')
		ok = parse_number(p, v);
	else if (is_name_begin(c))
		ok = parse_word(p, v);
	else if (c == -1 || at_line_end(p) || c == ';')
		ok = parser_fail(p, v->mark, "no value, " EXPECTED_LITERAL);
	else
		ok = parser_fail(p, v->mark, "not a literal, " EXPECTED_LITERAL);
	if (ok)
		parser_blanks(p);
	return ok;
}

/* ---- The file --------------------------------------------------------- */

static bool parse_key(struct parser *p, struct xencfg_entry *e)
{
	size_t begin = p->at;

	e->mark = parser_mark(p);
	if (!is_name_begin(parser_peek(p)))
		return parser_fail(p, e->mark, "not an assignment, expected KEY = VALUE");
	while (is_name(parser_peek(p)))
		parser_step(p);
	e->key = allocate_text(p->text + begin, p->at - begin);
	parser_blanks(p);
	e->added = parser_peek(p) == '+' && parser_peek_at(p, 1) == '=';
	if (e->added)
		parser_step(p);
	if (parser_peek(p) != '=' || parser_peek_at(p, 1) == '=')
		return parser_fail(p, parser_mark(p), "'%.40s' is not followed by '=', expected "
		                   "KEY = VALUE (nothing is executed)", e->key);
	parser_step(p);
	parser_blanks(p);
	return true;
}

static bool parse_statement(struct parser *p, struct xencfg *config)
{
	struct xencfg_entry *e;

	config->entry = allocate_room(config->entry, config->count, sizeof(*e));
	e = &config->entry[config->count++];
	memset(e, 0, sizeof(*e));
	if (!parse_key(p, e) || !parse_value(p, &e->value, 0))
		return false;
	if (parser_peek(p) != -1 && !at_line_end(p) && parser_peek(p) != ';')
		return parser_fail(p, parser_mark(p), "more behind the value of '%.40s', expected "
		                   "the end of the line (nothing is computed)", e->key);
	return true;
}

static bool parse_file(struct parser *p, struct xencfg *config)
{
	if (p->length >= 3 && memcmp(p->text, "\357\273\277", 3) == 0)
		p->at = 3;
	while (parser_peek(p) != -1) {
		parser_blanks(p);
		if (parser_peek(p) == -1)
			break;
		if (parser_take(p, '\n') || parser_take(p, ';'))
			continue;
		if (!parse_statement(p, config))
			return false;
	}
	return true;
}

bool xencfg_parse(const char *file, const char *text, size_t length, struct xencfg *config,
                  struct diagnostics *errors)
{
	struct parser p = { errors, file, text, length, 0, 1, 1, 0, false };

	config->entry = NULL;
	config->count = 0;
	if (parse_file(&p, config))
		return true;
	xencfg_free(config);
	return false;
}

/* Recursion: as deep as the parser's. */
static void value_free(struct xencfg_value *v)
{
	for (size_t i = 0; i < v->count; i++)
		value_free(&v->item[i]);
	free(v->item);
	free(v->text);
}

void xencfg_free(struct xencfg *config)
{
	for (size_t i = 0; i < config->count; i++) {
		free(config->entry[i].key);
		value_free(&config->entry[i].value);
	}
	free(config->entry);
	config->entry = NULL;
	config->count = 0;
}

const struct xencfg_entry *xencfg_find(const struct xencfg *config, const char *key)
{
	for (size_t i = config->count; i > 0; i--)
		if (strcmp(config->entry[i - 1].key, key) == 0)
			return &config->entry[i - 1];
	return NULL;
}
