/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/pdf_update.h"
#include "base/time.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum ts_err odd(struct ts_why *why, const char *what)
{
	return ts_why(why, TS_E_INTERNAL, "pdf", "the file has no %s", what);
}

static const char *find_last(struct ts_str in, const char *mark)
{
	size_t len = strlen(mark);
	for (size_t at = in.len >= len ? in.len - len + 1 : 0; at-- > 0;)
		if (memcmp(in.at + at, mark, len) == 0)
			return in.at + at;
	return NULL;
}

static const char *find_first(struct ts_str in, const char *mark)
{
	size_t len = strlen(mark);
	for (size_t at = 0; at + len <= in.len; at++)
		if (memcmp(in.at + at, mark, len) == 0)
			return in.at + at;
	return NULL;
}

static struct ts_str behind(struct ts_str in, const char *at)
{
	return (struct ts_str){at, in.len - (size_t)(at - in.at)};
}

/* The number behind a name of the trailer, "/Size 12". */
static int64_t number_of(struct ts_str trailer, const char *name)
{
	const char *at = find_first(trailer, name);
	return at == NULL ? -1 : strtoll(at + strlen(name), NULL, 10);
}

static enum ts_err read_trailer(struct ts_pdf_update *u, struct ts_why *why)
{
	struct ts_str file = {ts_buf_str(u->out), u->out->len};
	const char *trailer = find_last(file, "trailer\n<<");
	const char *start = find_last(file, "startxref\n");
	if (trailer == NULL || start == NULL || start < trailer)
		return odd(why, "trailer");
	struct ts_str in = {trailer, (size_t)(start - trailer)};
	const char *id = find_first(in, "/ID ["), *end = NULL;
	if (id != NULL)
		end = find_first(behind(in, id), "]");
	u->size = number_of(in, "/Size ");
	u->root = number_of(in, "/Root ");
	u->info = number_of(in, "/Info ");
	u->previous = strtoull(start + strlen("startxref\n"), NULL, 10);
	if (end == NULL || (size_t)(end - id) >= sizeof u->id || u->size < 1 || u->root < 1 ||
		u->info < 1 || u->previous == 0)
		return odd(why, "trailer with identifier, size, catalog and information");
	memcpy(u->id, id, (size_t)(end - id) + 1);
	u->id[end - id + 1] = '\0';
	return TS_OK;
}

enum ts_err ts_pdf_update_begin(struct ts_pdf_update *update, struct ts_str pdf,
	struct ts_region *region, struct ts_buf *out, struct ts_why *why)
{
	*update = (struct ts_pdf_update){.out = out, .region = region};
	TS_ASSERT(out->len == 0); /* offsets count from the file's first byte */
	ts_buf_put(out, pdf.at, pdf.len);
	TS_TRY(out->err);
	return read_trailer(update, why);
}

/* An entry of a table: "oooooooooo ggggg n \n". */
#define ENTRY_BYTES 20
#define SECTIONS_MAX 64

/* The entry of the object in the section at `at`, NULL: it has none. *trailer: behind the section.
 */
static const char *entry_in(struct ts_str file, size_t at, int64_t number, const char **trailer)
{
	const char *c = file.at + at, *end = file.at + file.len, *found = NULL;
	if (at + 5 > file.len || memcmp(c, "xref\n", 5) != 0)
		return NULL;
	c += 5;
	while (c < end && *c >= '0' && *c <= '9') {
		char *rest = NULL;
		long long first = strtoll(c, &rest, 10);
		long long n = strtoll(rest, &rest, 10);
		c = rest + 1;
		if (n < 0 || n > (end - c) / ENTRY_BYTES)
			return NULL;
		if (number >= first && number < first + n)
			found = c + (number - first) * ENTRY_BYTES;
		c += n * ENTRY_BYTES;
	}
	*trailer = c;
	return found;
}

/* Its place by the newest section that has it. */
static enum ts_err object_at(
	const struct ts_pdf_update *u, int64_t number, size_t *out, struct ts_why *why)
{
	struct ts_str file = {ts_buf_str(u->out), u->out->len};
	size_t at = u->previous;
	for (int i = 0; i < SECTIONS_MAX; i++) {
		const char *trailer = NULL;
		const char *entry = entry_in(file, at, number, &trailer);
		if (entry != NULL && entry[17] == 'n') {
			*out = strtoull(entry, NULL, 10);
			return *out < file.len ? TS_OK : odd(why, "object where its table says");
		}
		const char *prev = trailer != NULL ? strstr(trailer, "/Prev ") : NULL;
		const char *eof = trailer != NULL ? strstr(trailer, "startxref") : NULL;
		if (prev == NULL || eof == NULL || prev > eof)
			break;
		at = strtoull(prev + strlen("/Prev "), NULL, 10);
	}
	return odd(why, "object that its trailer or pages name");
}

enum ts_err ts_pdf_update_dictionary(
	const struct ts_pdf_update *update, int64_t number, struct ts_str *out, struct ts_why *why)
{
	char mark[48];
	size_t place = 0;
	struct ts_str file = {ts_buf_str(update->out), update->out->len};
	int n = snprintf(mark, sizeof mark, "%" PRId64 " 0 obj\n<<", number);
	TS_TRY(object_at(update, number, &place, why));
	const char *at = file.at + place;
	if (place + (size_t)n > file.len || memcmp(at, mark, (size_t)n) != 0)
		return odd(why, "dictionary where its table says");
	struct ts_str rest = behind(file, at + n);
	const char *end = find_first(rest, ">>\nendobj");
	if (end == NULL)
		return odd(why, "end of a dictionary");
	const char *copy = ts_region_copy(update->region, rest.at, (size_t)(end - rest.at));
	if (copy == NULL)
		return TS_E_NO_MEMORY;
	*out = (struct ts_str){copy, (size_t)(end - rest.at)};
	return TS_OK;
}

int64_t ts_pdf_update_object(struct ts_pdf_update *update, int64_t number)
{
	TS_ASSERT(update->objects_n < TS_PDF_UPDATE_OBJECTS_MAX);
	if (number == 0)
		number = update->size++;
	update->objects[update->objects_n].number = number;
	update->objects[update->objects_n++].at = update->out->len;
	ts_buf_printf(update->out, "%" PRId64 " 0 obj\n", number);
	return number;
}

void ts_pdf_update_object_end(struct ts_pdf_update *update)
{
	ts_buf_puts(update->out, "\nendobj\n");
}

enum ts_err ts_pdf_update_end(struct ts_pdf_update *update, struct ts_why *why)
{
	size_t at = update->out->len;
	(void)why;
	ts_buf_puts(update->out, "xref\n");
	for (size_t i = 0; i < update->objects_n; i++)
		ts_buf_printf(update->out, "%" PRId64 " 1\n%010zu 00000 n \n",
			update->objects[i].number, update->objects[i].at);
	ts_buf_printf(update->out,
		"trailer\n<< %s\n   /Size %" PRId64 "\n   /Root %" PRId64 " 0 R\n   /Info %" PRId64
		" 0 R\n   /Prev %zu\n>>\nstartxref\n%zu\n%%%%EOF\n",
		update->id, update->size, update->root, update->info, update->previous, at);
	return update->out->err;
}

/* One code point of valid UTF-8 and its length. */
static uint32_t code_point(const char *at, size_t *len)
{
	const unsigned char *b = (const unsigned char *)at;
	*len = b[0] < 0x80 ? 1 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;
	uint32_t code = *len == 1 ? b[0] : b[0] & (0x7fu >> *len);
	for (size_t i = 1; i < *len; i++)
		code = code << 6 | (b[i] & 0x3fu);
	return code;
}

static void put_utf16(struct ts_buf *out, const char *text)
{
	size_t len = 0;
	ts_buf_puts(out, "<FEFF");
	for (const char *c = text; *c != '\0'; c += len) {
		uint32_t code = code_point(c, &len);
		if (code >= 0x10000)
			ts_buf_printf(out, "%04" PRIX32 "%04" PRIX32,
				0xd800 + ((code - 0x10000) >> 10), 0xdc00 + (code & 0x3ff));
		else
			ts_buf_printf(out, "%04" PRIX32, code);
	}
	ts_buf_putc(out, '>');
}

void ts_pdf_text(struct ts_buf *out, const char *text)
{
	bool ascii = true;
	for (const char *c = text; *c != '\0'; c++)
		ascii = ascii && (unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f;
	if (!ascii && ts_text_utf8(ts_str(text))) {
		put_utf16(out, text);
		return;
	}
	ts_buf_putc(out, '(');
	for (const char *c = text; *c != '\0'; c++) {
		if (strchr("()\\", *c) != NULL)
			ts_buf_putc(out, '\\');
		ts_buf_putc(out, (unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f ? *c : '?');
	}
	ts_buf_putc(out, ')');
}

void ts_pdf_date(struct ts_buf *out, int64_t us)
{
	char text[TS_TIME_CHARS];
	ts_time_format(us - us % TS_US_PER_S, text);
	ts_buf_puts(out, "(D:");
	for (const char *c = text; *c != '\0'; c++)
		if (strchr("-:T", *c) == NULL)
			ts_buf_putc(out, *c);
	ts_buf_putc(out, ')');
}
