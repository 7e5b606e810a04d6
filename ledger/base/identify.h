/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BASE_IDENTIFY_H
#define TS_BASE_IDENTIFY_H
/* Why: what a clerk mistypes is caught by its own check digits: bank accounts, VAT identifiers,
 * company numbers. Terms refuse a wrong one, and so does the checker of documents. */
#include "base/text.h"

/* Two letters, two digits, then letters and digits, whose ISO 7064 remainder is 1. */
bool ts_iban_digits(struct ts_str iban);
/* The same without blanks and small letters, and as long as its country's accounts are. */
bool ts_iban(struct ts_str iban);
/* Four letters or digits, a country's two letters, two more, and three or none. */
bool ts_bic(struct ts_str bic);
/* The shape of the country that the first two letters name (Greece: EL); a country that has no
 * shape here gets 2 to 20 letters and digits. */
bool ts_vat_id(struct ts_str id);
/* Whether an identifier fits its scheme (ISO 6523 or EAS); true for a scheme without a rule here.
 */
bool ts_scheme_fits(struct ts_str scheme, struct ts_str id);

#endif
