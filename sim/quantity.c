/* SPDX-License-Identifier: BSD-2-Clause */
#include "quantity.h"

#include <string.h>

#define EXPECTED_TIME "expected a length of time such as 10ms or 1.5s (units ns, us, ms, s, min, h)"
#define EXPECTED_PERCENT "expected a percentage of one CPU such as 25 or 12.5"
#define EXPECTED_FRACTION "expected a fraction from 0.000001 to 1"
#define EXPECTED_INTEGER "expected a whole number"
#define EXPECTED_BOOL "expected true or false"
#define EXPECTED_RATE "expected a rate such as 200/s"
#define EXPECTED_DIST "expected a length of time, uniform(1ms..2ms), exp(2ms) or " \
	"lognormal(2ms, 0.5)"

struct unit {
	const char *name;
	uint64_t ns;
};

static const struct unit units[] = {
	{ "ns", 1 },
	{ "us", RATION_NS_PER_US },
	{ "\302\265s", RATION_NS_PER_US },      /* the micro sign */
	{ "\316\274s", RATION_NS_PER_US },      /* the Greek letter */
	{ "ms", RATION_NS_PER_MS },
	{ "s", RATION_NS_PER_S },
	{ "min", 60 * RATION_NS_PER_S },
	{ "h", 3600 * RATION_NS_PER_S },
};

/* What is being read, and how far. */
struct scan {
	const char *text;
	size_t length, at;
};

static bool scan_fail(size_t offset, const char *what, struct quantity_error *error)
{
	error->offset = offset;
	error->what = what;
	return false;
}

static void scan_blanks(struct scan *s)
{
	while (s->at < s->length && (s->text[s->at] == ' ' || s->text[s->at] == '\t'))
		s->at++;
}

static bool scan_digit(const struct scan *s)
{
	return s->at < s->length && s->text[s->at] >= '0' && s->text[s->at] <= '9';
}

static bool scan_char(struct scan *s, char c)
{
	if (s->at >= s->length || s->text[s->at] != c)
		return false;
	s->at++;
	return true;
}

/* Digits with at most one point, not yet a number: what a unit is worth comes later. */
struct decimal {
	const char *whole, *part;
	size_t whole_length, part_length;
};

static bool scan_decimal(struct scan *s, struct decimal *d)
{
	size_t begin = s->at;

	d->whole = s->text + s->at;
	while (scan_digit(s))
		s->at++;
	d->whole_length = s->at - begin;
	d->part = d->whole;
	d->part_length = 0;
	if (d->whole_length == 0)
		return false;
	if (scan_char(s, '.')) {
		size_t part = s->at;

		/* "1..2": the point belongs to a range */
		if (!scan_digit(s)) {
			s->at--;
			return true;
		}
		d->part = s->text + part;
		while (scan_digit(s))
			s->at++;
		d->part_length = s->at - part;
	}
	return true;
}

enum decimal_status { DECIMAL_OK, DECIMAL_LARGE, DECIMAL_FINE };

/* d * unit, exactly, at most `max`.  Each step divides the unit by ten, so that
 * nothing overflows and no digit is rounded. */
static enum decimal_status decimal_times(const struct decimal *d, uint64_t unit, uint64_t max,
                                         uint64_t *result)
{
	uint64_t limit = max / unit, value = 0, sum;

	for (size_t i = 0; i < d->whole_length; i++) {
		uint64_t digit = (uint64_t)(d->whole[i] - '0');

		if (digit > limit || value > (limit - digit) / 10)
			return DECIMAL_LARGE;
		value = value * 10 + digit;
	}
	sum = value * unit;
	for (size_t i = 0; i < d->part_length; i++) {
		uint64_t digit = (uint64_t)(d->part[i] - '0');

		if (digit != 0 && unit % 10 != 0)
			return DECIMAL_FINE;
		unit = unit % 10 == 0 ? unit / 10 : 1;
		sum += digit * unit;
	}
	if (sum > max)
		return DECIMAL_LARGE;
	*result = sum;
	return DECIMAL_OK;
}

static const struct unit *scan_unit(struct scan *s)
{
	size_t begin = s->at;

	while (s->at < s->length && strchr(" \t.,;()/", s->text[s->at]) == NULL)
		s->at++;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == s->at - begin &&
		    memcmp(units[i].name, s->text + begin, s->at - begin) == 0)
			return &units[i];
	s->at = begin;
	return NULL;
}

static bool decimal_is_zero(const struct decimal *d)
{
	for (size_t i = 0; i < d->whole_length; i++)
		if (d->whole[i] != '0')
			return false;
	for (size_t i = 0; i < d->part_length; i++)
		if (d->part[i] != '0')
			return false;
	return true;
}

static bool scan_time(struct scan *s, uint64_t max, ration_ns *ns, struct quantity_error *error)
{
	size_t begin = s->at, after;
	struct decimal number;
	const struct unit *unit;
	enum decimal_status status;

	if (s->at < s->length && s->text[s->at] == '-')
		return scan_fail(begin, "is negative, " EXPECTED_TIME, error);
	if (!scan_decimal(s, &number))
		return scan_fail(begin, "is not a length of time, " EXPECTED_TIME, error);
	after = s->at;
	scan_blanks(s);
	unit = scan_unit(s);
	if (unit == NULL && s->at < s->length && strchr(".,;)", s->text[s->at]) == NULL)
		return scan_fail(s->at, "has an unknown unit, " EXPECTED_TIME, error);
	if (unit == NULL && !decimal_is_zero(&number))
		return scan_fail(after, "has no unit, " EXPECTED_TIME, error);
	status = decimal_times(&number, unit != NULL ? unit->ns : 1, max, ns);
	if (status == DECIMAL_LARGE)
		return scan_fail(begin, max == QUANTITY_TIME_MAX ?
		                 "is too long, expected at most 366 days" :
		                 "is too long, expected at most 24 hours", error);
	if (status == DECIMAL_FINE)
		return scan_fail(begin, "is no whole number of ns, expected nothing finer", error);
	return true;
}

static struct scan scan_begin(const char *text, size_t length)
{
	struct scan s = { text, length, 0 };

	while (s.length > 0 && (text[s.length - 1] == ' ' || text[s.length - 1] == '\t'))
		s.length--;
	scan_blanks(&s);
	return s;
}

bool quantity_time(const char *text, size_t length, ration_ns *ns, struct quantity_error *error)
{
	struct scan s = scan_begin(text, length);
	ration_ns value;

	if (!scan_time(&s, QUANTITY_TIME_MAX, &value, error))
		return false;
	if (s.at != s.length)
		return scan_fail(s.at, "has more behind it, " EXPECTED_TIME, error);
	*ns = value;
	return true;
}

bool quantity_percent(const char *text, size_t length, uint32_t *ppm,
                      struct quantity_error *error)
{
	struct scan s = scan_begin(text, length);
	struct decimal number;
	uint64_t value = 0;

	if (s.at < s.length && text[s.at] == '-')
		return scan_fail(s.at, "is negative, " EXPECTED_PERCENT, error);
	if (!scan_decimal(&s, &number))
		return scan_fail(s.at, "is not a number, " EXPECTED_PERCENT, error);
	scan_blanks(&s);
	(void)scan_char(&s, '%');
	if (s.at != s.length)
		return scan_fail(s.at, "has more behind the number, " EXPECTED_PERCENT, error);
	switch (decimal_times(&number, RATION_PPM / 100, UINT32_MAX, &value)) {
	case DECIMAL_LARGE:
		return scan_fail(0, "is too much, expected at most 429496 (100 is one CPU)", error);
	case DECIMAL_FINE:
		return scan_fail(0, "is too fine, expected at most four decimals", error);
	case DECIMAL_OK:
		break;
	}
	*ppm = (uint32_t)value;
	return true;
}

static bool scan_fraction(struct scan *s, uint32_t max, uint32_t *ppm,
                          struct quantity_error *error, const char *expected)
{
	size_t begin = s->at;
	struct decimal number;
	uint64_t value = 0;

	if (!scan_decimal(s, &number) ||
	    decimal_times(&number, RATION_PPM, max, &value) != DECIMAL_OK || value == 0)
		return scan_fail(begin, expected, error);
	*ppm = (uint32_t)value;
	return true;
}

bool quantity_fraction(const char *text, size_t length, uint32_t *ppm,
                       struct quantity_error *error)
{
	struct scan s = scan_begin(text, length);
	uint32_t value;

	if (!scan_fraction(&s, RATION_PPM, &value, error, "is out of range, " EXPECTED_FRACTION))
		return false;
	if (s.at != s.length)
		return scan_fail(s.at, "has more behind the number, " EXPECTED_FRACTION, error);
	*ppm = value;
	return true;
}

bool quantity_integer(const char *text, size_t length, uint64_t *value,
                      struct quantity_error *error)
{
	struct scan s = scan_begin(text, length);
	struct decimal number;

	if (s.at < s.length && text[s.at] == '-')
		return scan_fail(s.at, "is negative, " EXPECTED_INTEGER, error);
	if (!scan_decimal(&s, &number) || number.part_length != 0 || s.at != s.length)
		return scan_fail(s.at, "is no whole number, expected one such as 4", error);
	if (decimal_times(&number, 1, INT64_MAX, value) != DECIMAL_OK)
		return scan_fail(0, "is too large, expected at most 9223372036854775807", error);
	return true;
}

bool quantity_bool(const char *text, size_t length, bool *value, struct quantity_error *error)
{
	static const char *const words[] = {
		"0", "1", "false", "true", "no", "yes", "off", "on"    /* odd ones mean true */
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == length && memcmp(text, words[i], length) == 0) {
			*value = i % 2 == 1;
			return true;
		}
	return scan_fail(0, "is neither, " EXPECTED_BOOL, error);
}

/* Rates are counted in millionths: 1.5/s is 1,500,000 in 10^6 s.  The product
 * below is at most 3.6e12 ns * 10^6, half of 2^63. */
bool quantity_rate(const char *text, size_t length, ration_ns *gap_ns,
                   struct quantity_error *error)
{
	struct scan s = scan_begin(text, length);
	struct decimal number;
	const struct unit *unit;
	uint64_t rate;

	if (!scan_decimal(&s, &number))
		return scan_fail(s.at, "is not a rate, " EXPECTED_RATE, error);
	scan_blanks(&s);
	if (!scan_char(&s, '/'))
		return scan_fail(s.at, "has no '/', " EXPECTED_RATE, error);
	scan_blanks(&s);
	unit = scan_unit(&s);
	if (unit == NULL || s.at != s.length)
		return scan_fail(s.at, "has an unknown unit, " EXPECTED_RATE, error);
	if (decimal_times(&number, RATION_PPM, UINT64_MAX / 32, &rate) != DECIMAL_OK || rate == 0)
		return scan_fail(0, "is out of range, expected a rate above 0, to six decimals",
		                 error);
	*gap_ns = (unit->ns * RATION_PPM + rate / 2) / rate;
	return true;
}

bool quantity_call(const char *text, size_t length, const char *name, const char **inside,
                   size_t *inside_length)
{
	struct scan s = scan_begin(text, length);
	size_t name_length = strlen(name);

	if (s.length - s.at < name_length + 2 || memcmp(text + s.at, name, name_length) != 0)
		return false;
	s.at += name_length;
	scan_blanks(&s);
	if (!scan_char(&s, '(') || text[s.length - 1] != ')')
		return false;
	s.length--;
	*inside = text + s.at;
	*inside_length = s.length - s.at;
	return true;
}

static bool dist_uniform(struct scan *s, struct scenario_dist *d, struct quantity_error *error)
{
	d->kind = DIST_UNIFORM;
	if (!scan_time(s, QUANTITY_DIST_MAX, &d->a_ns, error))
		return false;
	scan_blanks(s);
	if (!scan_char(s, '.') || !scan_char(s, '.'))
		return scan_fail(s->at, "has no '..', expected uniform(1ms..2ms)", error);
	scan_blanks(s);
	if (!scan_time(s, QUANTITY_DIST_MAX, &d->b_ns, error))
		return false;
	if (d->b_ns < d->a_ns)
		return scan_fail(s->at, "ends before it begins, expected uniform(1ms..2ms)", error);
	return true;
}

static bool dist_lognormal(struct scan *s, struct scenario_dist *d, struct quantity_error *error)
{
	d->kind = DIST_LOGNORMAL;
	if (!scan_time(s, QUANTITY_DIST_MAX, &d->a_ns, error))
		return false;
	scan_blanks(s);
	if (!scan_char(s, ','))
		return scan_fail(s->at, "has no sigma, expected lognormal(2ms, 0.5)", error);
	scan_blanks(s);
	return scan_fraction(s, QUANTITY_SIGMA_MAX_PPM, &d->sigma_ppm, error,
	                     "has a sigma out of range, expected lognormal(2ms, 0.5) "
	                     "with a sigma up to 3");
}

static bool dist_time(struct scan *s, struct scenario_dist *d, struct quantity_error *error)
{
	return scan_time(s, QUANTITY_DIST_MAX, &d->a_ns, error);
}

static bool dist_exp(struct scan *s, struct scenario_dist *d, struct quantity_error *error)
{
	d->kind = DIST_EXP;
	return dist_time(s, d, error);
}

bool quantity_dist(const char *text, size_t length, struct scenario_dist *dist,
                   struct quantity_error *error)
{
	static const struct {
		const char *name;
		bool (*read)(struct scan *, struct scenario_dist *, struct quantity_error *);
	} forms[] = {
		{ "uniform", dist_uniform },
		{ "exp", dist_exp },
		{ "lognormal", dist_lognormal },
	};
	struct scan s = scan_begin(text, length);
	struct scenario_dist d = { DIST_CONST, 0, 0, 0 };
	bool (*read)(struct scan *, struct scenario_dist *, struct quantity_error *) = dist_time;

	if (!scan_digit(&s) && (s.at >= s.length || text[s.at] != '-')) {
		const char *inside;
		size_t inside_length, i = 0;

		while (i < 3 && !quantity_call(text, s.length, forms[i].name, &inside, &inside_length))
			i++;
		if (i == 3)
			return scan_fail(s.at, memchr(text, '(', s.length) != NULL &&
			                 memchr(text, ')', s.length) == NULL ?
			                 "has no closing ')', expected it; a value with a comma in "
			                 "it stands in quotes: \"lognormal(2ms, 0.5)\"" :
			                 "is no distribution, " EXPECTED_DIST, error);
		s.length = (size_t)(inside - text) + inside_length;
		s.at = (size_t)(inside - text);
		scan_blanks(&s);
		read = forms[i].read;
	}
	if (!read(&s, &d, error))
		return false;
	scan_blanks(&s);
	if (s.at != s.length)
		return scan_fail(s.at, "has more behind it, " EXPECTED_DIST, error);
	*dist = d;
	return true;
}
