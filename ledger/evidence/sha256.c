/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/sha256.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

const struct ts_hash ts_hash_empty = {{0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb,
	0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4,
	0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55}};

enum ts_err ts_hasher_init(struct ts_hasher *hasher)
{
	EVP_MD *md = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	if (md == NULL)
		return TS_E_INTERNAL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	if (ctx == NULL) {
		EVP_MD_free(md);
		return TS_E_NO_MEMORY;
	}
	if (EVP_DigestInit_ex2(ctx, md, NULL) != 1) {
		EVP_MD_CTX_free(ctx);
		EVP_MD_free(md);
		return TS_E_INTERNAL;
	}
	hasher->ctx = ctx;
	hasher->md = md;
	return TS_OK;
}

void ts_hasher_free(struct ts_hasher *hasher)
{
	EVP_MD_CTX_free(hasher->ctx);
	EVP_MD_free(hasher->md);
	hasher->ctx = NULL;
	hasher->md = NULL;
}

/* Once the context exists a software digest cannot fail: a failure is a broken library. */
void ts_hash_begin(struct ts_hasher *hasher)
{
	TS_ASSERT(hasher->ctx != NULL);
	TS_ASSERT(EVP_DigestInit_ex2(hasher->ctx, NULL, NULL) == 1);
}

void ts_hash_more(struct ts_hasher *hasher, const void *data, size_t len)
{
	if (len > 0)
		TS_ASSERT(EVP_DigestUpdate(hasher->ctx, data, len) == 1);
}

void ts_hash_end(struct ts_hasher *hasher, struct ts_hash *out)
{
	unsigned int len = 0;
	TS_ASSERT(EVP_DigestFinal_ex(hasher->ctx, out->b, &len) == 1);
	TS_ASSERT(len == TS_HASH_BYTES);
}

void ts_hash_leaf(struct ts_hasher *hasher, const void *data, size_t len, struct ts_hash *out)
{
	/* Record lines fit one small buffer: one update call instead of two. */
	uint8_t whole[1 + 255];
	ts_hash_begin(hasher);
	whole[0] = 0x00;
	if (len < sizeof(whole)) {
		if (len > 0)
			memcpy(whole + 1, data, len);
		ts_hash_more(hasher, whole, 1 + len);
	} else {
		ts_hash_more(hasher, whole, 1);
		ts_hash_more(hasher, data, len);
	}
	ts_hash_end(hasher, out);
}

void ts_hash_node(struct ts_hasher *hasher, const struct ts_hash *left, const struct ts_hash *right,
	struct ts_hash *out)
{
	uint8_t whole[1 + 2 * TS_HASH_BYTES];
	whole[0] = 0x01;
	memcpy(whole + 1, left->b, TS_HASH_BYTES);
	memcpy(whole + 1 + TS_HASH_BYTES, right->b, TS_HASH_BYTES);
	ts_hash_bytes(hasher, whole, sizeof(whole), out);
}

void ts_hash_bytes(struct ts_hasher *hasher, const void *data, size_t len, struct ts_hash *out)
{
	ts_hash_begin(hasher);
	ts_hash_more(hasher, data, len);
	ts_hash_end(hasher, out);
}

void ts_sha256(const void *data, size_t len, struct ts_hash *out)
{
	TS_ASSERT(SHA256(len > 0 ? data : "", len, out->b) == out->b);
}

bool ts_hash_eq(const struct ts_hash *a, const struct ts_hash *b)
{
	return memcmp(a->b, b->b, TS_HASH_BYTES) == 0;
}
