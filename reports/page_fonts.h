/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_PAGE_FONTS_H
#define TS_REPORTS_PAGE_FONTS_H
/* Why: a document must not depend on which fonts and font rules a machine happens to have: this
 * font map knows the listed files and nothing else. */
#include "base/err.h"
#include <pango/pangocairo.h>

#define TS_FONT_SANS "Liberation Sans,DejaVu Sans,Noto Sans CJK SC"
#define TS_FONT_MONO "Liberation Mono,DejaVu Sans,Noto Sans CJK SC"

/* One user unit is one point. *out is the caller's (ts_page_fonts_free). TS_E_UNAVAILABLE names the
 * missing file and its package. */
enum ts_err ts_page_fonts(PangoFontMap **out, struct ts_why *why) TS_MUST;
void ts_page_fonts_free(PangoFontMap *fonts);

#endif
