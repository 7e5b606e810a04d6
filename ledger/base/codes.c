/* SPDX-License-Identifier: Apache-2.0 */
#include "base/codes.h"
#include <string.h>

/* Lines, because a string literal may have 4095 characters. */
#define X(name, title, ...) static const char *const lines_##name[] = {__VA_ARGS__};
#include "base/codes.def"
#undef X

static const struct {
	const char *title;
	const char *const *lines;
	size_t lines_n;
} lists[] = {
#define X(name, title, ...) {title, lines_##name, sizeof lines_##name / sizeof lines_##name[0]},
#include "base/codes.def"
#undef X
};

#define CODE_CHARS_MAX 80

bool ts_codes_have(enum ts_codes list, struct ts_str code)
{
	char word[CODE_CHARS_MAX + 3];
	TS_ASSERT(list < TS_CODES_N);
	if (code.len == 0 || code.len > CODE_CHARS_MAX || memchr(code.at, ' ', code.len) ||
		memchr(code.at, '\0', code.len))
		return false;
	word[0] = ' ';
	memcpy(word + 1, code.at, code.len);
	word[code.len + 1] = ' ';
	word[code.len + 2] = '\0';
	for (size_t i = 0; i < lists[list].lines_n; i++) {
		if (strstr(lists[list].lines[i], word))
			return true;
	}
	return false;
}

const char *ts_codes_title(enum ts_codes list)
{
	TS_ASSERT(list < TS_CODES_N);
	return lists[list].title;
}
