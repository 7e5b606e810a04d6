/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/frame/input.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define GZIP_WINDOW_BITS (15 + 16) /* gzip heads only */

struct ts_input {
	FILE *file; /* NULL: memory */
	struct ts_str memory; /* what is left of it */
	int64_t bytes; /* taken from file or memory */
	int64_t inflated;
	bool gzip;
	bool in_member; /* a gzip member has begun and not ended */
	bool ended; /* of the file */
	z_stream stream;
	unsigned char *raw; /* gzip: compressed bytes, at stream.next_in */
	/* [at, len) of head is handed out before anything else: what peek looked at. */
	char *head;
	size_t at;
	size_t len;
};

/* Bytes as they are in the file. */
static enum ts_err take(
	struct ts_input *input, void *buf, size_t cap, size_t *n, struct ts_why *why)
{
	if (input->file) {
		*n = fread(buf, 1, cap, input->file);
		if (*n < cap && ferror(input->file))
			return ts_why(why, TS_E_IO, "input", "reading failed after %lld bytes: %s",
				(long long)input->bytes, strerror(errno));
	} else {
		*n = cap < input->memory.len ? cap : input->memory.len;
		if (*n)
			memcpy(buf, input->memory.at, *n);
		input->memory.at += *n;
		input->memory.len -= *n;
	}
	if (*n == 0)
		input->ended = true;
	input->bytes += (int64_t)*n;
	return TS_OK;
}

static enum ts_err refill_raw(struct ts_input *input, struct ts_why *why)
{
	size_t n = 0;
	if (input->stream.avail_in || input->ended)
		return TS_OK;
	TS_TRY(take(input, input->raw, TS_INPUT_BLOCK_BYTES, &n, why));
	input->stream.next_in = input->raw;
	input->stream.avail_in = (unsigned)n;
	return TS_OK;
}

/* Members may follow one another; zero bytes behind the last are padding (tape blocks). */
static bool next_member(struct ts_input *input)
{
	while (input->stream.avail_in && *input->stream.next_in == 0) {
		input->stream.next_in++;
		input->stream.avail_in--;
	}
	return input->stream.avail_in != 0;
}

static enum ts_err inflate_some(
	struct ts_input *input, char *buf, size_t cap, size_t *n, struct ts_why *why)
{
	input->stream.next_out = (unsigned char *)buf;
	input->stream.avail_out = (unsigned)cap;
	while (input->stream.avail_out == cap) {
		TS_TRY(refill_raw(input, why));
		if (!input->in_member) {
			bool more = next_member(input);
			if (!more && input->ended)
				break;
			if (!more)
				continue;
			if (inflateReset(&input->stream) != Z_OK)
				return TS_E_INTERNAL;
			input->in_member = true;
		}
		if (input->stream.avail_in == 0 && input->ended)
			return ts_why(why, TS_E_MALFORMED, "input",
				"the gzip file is cut off after %lld bytes",
				(long long)input->bytes);
		int status = inflate(&input->stream, Z_NO_FLUSH);
		if (status == Z_STREAM_END)
			input->in_member = false;
		else if (status != Z_OK && status != Z_BUF_ERROR)
			return ts_why(why, TS_E_MALFORMED, "input",
				"the gzip file is damaged near byte %lld: %s",
				(long long)input->bytes,
				input->stream.msg ? input->stream.msg : "no gzip data");
	}
	*n = cap - input->stream.avail_out;
	input->inflated += (int64_t)*n;
	if (input->inflated > TS_INPUT_BOMB_FLOOR_BYTES &&
		input->inflated / TS_INPUT_RATIO_MAX > input->bytes)
		return ts_why(why, TS_E_LIMIT, "input",
			"%lld bytes of gzip inflate to more than %lld: over %d times",
			(long long)input->bytes, (long long)input->inflated, TS_INPUT_RATIO_MAX);
	return TS_OK;
}

/* Looks at the first bytes: gzip or not, a byte order mark, UTF-16. */
static enum ts_err begin(struct ts_input *input, struct ts_why *why)
{
	size_t n = 0;
	input->head = calloc(1, TS_INPUT_BLOCK_BYTES);
	if (!input->head)
		return TS_E_NO_MEMORY;
	while (input->len < 512 && !input->ended) {
		TS_TRY(take(input, input->head + input->len, TS_INPUT_BLOCK_BYTES - input->len, &n,
			why));
		input->len += n;
	}
	if (input->len >= 2 && memcmp(input->head, "\x1f\x8b", 2) == 0) {
		input->raw = malloc(TS_INPUT_BLOCK_BYTES);
		if (!input->raw || inflateInit2(&input->stream, GZIP_WINDOW_BITS) != Z_OK)
			return TS_E_NO_MEMORY;
		input->gzip = true;
		memcpy(input->raw, input->head, input->len);
		input->stream.next_in = input->raw;
		input->stream.avail_in = (unsigned)input->len;
		input->len = 0;
		for (n = 1; input->len < 512 && n != 0; input->len += n)
			TS_TRY(inflate_some(input, input->head + input->len,
				TS_INPUT_BLOCK_BYTES - input->len, &n, why));
	}
	if (input->len >= 3 && memcmp(input->head, "\xef\xbb\xbf", 3) == 0)
		input->at = 3;
	if (input->len >= 2 && (memcmp(input->head, "\xff\xfe", 2) == 0 ||
				       memcmp(input->head, "\xfe\xff", 2) == 0))
		return ts_why(
			why, TS_E_MALFORMED, "input", "the file is UTF-16; write it as UTF-8");
	return TS_OK;
}

static enum ts_err create(
	FILE *file, struct ts_str memory, struct ts_input **out, struct ts_why *why)
{
	struct ts_input *input = calloc(1, sizeof(*input));
	if (!input)
		return TS_E_NO_MEMORY;
	input->file = file;
	input->memory = memory;
	enum ts_err err = begin(input, why);
	if (err != TS_OK) {
		ts_input_close(input);
		return err;
	}
	*out = input;
	return TS_OK;
}

enum ts_err ts_input_open(FILE *file, struct ts_input **out, struct ts_why *why)
{
	return create(file, (struct ts_str){0}, out, why);
}

enum ts_err ts_input_memory(struct ts_str bytes, struct ts_input **out)
{
	return create(NULL, bytes, out, NULL);
}

void ts_input_close(struct ts_input *input)
{
	if (!input)
		return;
	if (input->gzip)
		inflateEnd(&input->stream);
	free(input->raw);
	free(input->head);
	free(input);
}

enum ts_err ts_input_peek(struct ts_input *input, struct ts_str *out, struct ts_why *why)
{
	if (input->at == input->len) {
		size_t n = 0;
		input->at = 0;
		input->len = 0;
		TS_TRY(input->gzip ? inflate_some(input, input->head, TS_INPUT_BLOCK_BYTES, &n, why)
				   : take(input, input->head, TS_INPUT_BLOCK_BYTES, &n, why));
		input->len = n;
	}
	*out = (struct ts_str){input->head + input->at, input->len - input->at};
	return TS_OK;
}

enum ts_err ts_input_read(
	struct ts_input *input, char *buf, size_t cap, size_t *n, struct ts_why *why)
{
	size_t left = input->len - input->at;
	TS_ASSERT(cap > 0);
	if (left) {
		*n = left < cap ? left : cap;
		memcpy(buf, input->head + input->at, *n);
		input->at += *n;
		return TS_OK;
	}
	if (input->gzip)
		return inflate_some(input, buf, cap < (1u << 30) ? cap : 1u << 30, n, why);
	return take(input, buf, cap, n, why);
}

int64_t ts_input_bytes(const struct ts_input *input)
{
	return input->bytes;
}

bool ts_input_is_gzip(const struct ts_input *input)
{
	return input->gzip;
}
