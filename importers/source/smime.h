/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_SMIME_H
#define TS_IMPORTERS_SOURCE_SMIME_H
/* Why: usage messages come signed (S/MIME, as APEL's SSM sends them). The signature is checked
 * against given authorities, the signer's name (DN) is bound to the sites that it may report for,
 * and the signed bytes are kept as they came, so that anybody can check them again. */
#include "base/region.h"
#include "base/text.h"

#define TS_SMIME_DN_BYTES_MAX 1024

struct ts_smime;
struct ts_smime_setup {
	const char *authorities; /* PEM file of the CAs that are trusted */
	const char *signers; /* file with lines `SITE TAB DN` ("/C=..../CN=...") */
	const char *keep; /* folder for the signed bytes, <sha256>.eml; NULL: not kept */
};
/* State lives in the region but for the certificates: ts_smime_close. */
enum ts_err ts_smime_open(const struct ts_smime_setup *setup, struct ts_region *region,
	struct ts_smime **out, struct ts_why *why) TS_MUST;
void ts_smime_close(struct ts_smime *smime); /* NULL is allowed */
bool ts_smime_is_signed(struct ts_str head); /* the first bytes of a message */
/* The content of a message whose signature holds. TS_E_MALFORMED; TS_E_SIGNATURE: it does not, or
 * no trusted authority stands behind it; TS_E_KEY: the signer is on no list. */
enum ts_err ts_smime_verify(struct ts_smime *smime, struct ts_str message, struct ts_region *region,
	struct ts_str *content, struct ts_why *why) TS_MUST;
/* The signer of the last message; empty before. */
struct ts_str ts_smime_signer(const struct ts_smime *smime);
/* May the signer of the last message report for the site? */
bool ts_smime_allows(const struct ts_smime *smime, struct ts_str site);

#endif
