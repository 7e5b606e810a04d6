/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SPOOL_H
#define TS_IMPORTERS_SPOOL_H
/* Why: the agent's half of a stream, in one folder, so that no line is lost between the meter and
 * the receipt, and none changes after a checkpoint over it was signed. docs/formats/importers.md.
 *   agent.key      private key, 0400, maybe   enrolment.note  the signed key statement
 *                  sealed by a passphrase
 *   receipt.vkey   who signs receipts         lines           every line of the stream, appended
 *   seen           imported rows, appended    state           what of it holds; replaced whole
 *   receipts/      one note per append        lock            one process at a time
 * Invariants: what stands in `lines` and `seen` behind the lengths of `state` does not exist (it is
 * cut off at the next open); `state` is renamed into place after both files are on disk; only lines
 * that `state` covers are ever signed. */
#include "evidence/append.h"
#include "evidence/statement.h"
#include "importers/frame/seen.h"
#include "keys/passphrase.h"
#include <stdio.h>

#define TS_SPOOL_PATH_MAX 1024

struct ts_spool {
	char dir[TS_SPOOL_PATH_MAX];
	int dir_fd;
	int lock_fd;
	FILE *lines;
	FILE *seen_file;
	struct ts_hasher hasher;
	struct ts_secret agent; /* of a sealed one only the public key until it is unlocked */
	bool locked;
	const char *passphrase_file; /* borrowed; of a sealed agent.key, NULL: the default */
	bool has_receipt_key;
	struct ts_key receipt_key;
	struct ts_buf enrolment; /* the note */
	struct ts_note note; /* borrows enrolment */
	struct ts_key_statement statement; /* borrows enrolment */
	bool uncommitted; /* something was appended since the last commit */
	/* Appended so far, committed or not. */
	int64_t lines_n;
	int64_t lines_bytes;
	int64_t seen_bytes;
	int64_t closed_ms; /* windows are closed up to here; active_from_ms at first */
	/* Acknowledged by the service. */
	int64_t sent_n;
	int64_t sent_bytes;
	struct ts_range sent_range;
};

struct ts_spool_setup {
	struct ts_str enrolment; /* the signed key/v1 note */
	const struct ts_secret *agent; /* named like its origin */
	const struct ts_passphrase *passphrase; /* NULL: agent.key is left in the clear */
	const struct ts_key *receipt_key; /* NULL: receipts are kept but not checked */
	struct ts_hash contract_note; /* hash of the contract statement, for g1 */
	int64_t created_ms;
};
/* Makes the folder (which must not exist, or be empty) with line 0, the genesis. */
enum ts_err ts_spool_create(
	const char *dir, const struct ts_spool_setup *setup, struct ts_why *why) TS_MUST;
/* Opens and locks. TS_E_IN_FLIGHT: another process has it. TS_E_IO: the files are shorter than the
 * state says: restore them, do not go on. TS_E_KEY: agent.key is not private. A sealed one needs
 * its passphrase (passphrase_file, NULL: as passphrase.h says) only when something is signed.
 * *spool is the caller's (ts_spool_close). */
enum ts_err ts_spool_open(const char *dir, const char *passphrase_file, struct ts_spool **spool,
	struct ts_why *why) TS_MUST;
/* Opens a sealed agent.key, once; nothing to do for one in the clear. Signing needs it. */
enum ts_err ts_spool_unlock(struct ts_spool *spool, struct ts_why *why) TS_MUST;
void ts_spool_close(struct ts_spool *spool); /* NULL is allowed; drops what is not committed */

/* Appends one record; *index (NULL allowed) is its place. TS_E_INVALID: it would be a void leaf. */
enum ts_err ts_spool_put(struct ts_spool *spool, const struct ts_record *record, int64_t *index,
	struct ts_why *why) TS_MUST;
enum ts_err ts_spool_remember(
	struct ts_spool *spool, const struct ts_seen_entry *entry, struct ts_why *why) TS_MUST;
/* Reads the rows remembered so far into seen. */
enum ts_err ts_spool_seen(struct ts_spool *spool, struct ts_seen *seen, struct ts_why *why) TS_MUST;
/* Makes everything appended durable. */
enum ts_err ts_spool_commit(struct ts_spool *spool, struct ts_why *why) TS_MUST;

/* Appends to *out whole committed lines from byte offset `from`: at most lines_max and bytes_max
 * (at least one line). *n is how many. */
enum ts_err ts_spool_read(struct ts_spool *spool, int64_t from, int64_t lines_max, size_t bytes_max,
	struct ts_buf *out, int64_t *n, struct ts_why *why) TS_MUST;
/* The service acknowledged the stream up to the size of range; the receipt note (len 0: none) is
 * kept as receipts/<size>.note. Durable when it returns. Nothing may be uncommitted. */
enum ts_err ts_spool_sent(struct ts_spool *spool, const struct ts_range *range, int64_t bytes,
	struct ts_str receipt, struct ts_why *why) TS_MUST;

#endif
