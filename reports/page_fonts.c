/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/page_fonts.h"
#include <fontconfig/fontconfig.h>
#include <pango/pangofc-fontmap.h>
#include <stdbool.h>
#include <unistd.h>

/* Debian 12 has Liberation 2 in liberation2/, later releases in liberation/. */
static const struct {
	const char *path[2];
	const char *package; /* NULL: optional */
} font_files[] = {
	{{"/usr/share/fonts/truetype/liberation2/LiberationSans-Regular.ttf",
		 "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf"},
		"fonts-liberation2"},
	{{"/usr/share/fonts/truetype/liberation2/LiberationSans-Bold.ttf",
		 "/usr/share/fonts/truetype/liberation/LiberationSans-Bold.ttf"},
		"fonts-liberation2"},
	{{"/usr/share/fonts/truetype/liberation2/LiberationMono-Regular.ttf",
		 "/usr/share/fonts/truetype/liberation/LiberationMono-Regular.ttf"},
		"fonts-liberation2"},
	{{"/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", NULL}, "fonts-dejavu-core"},
	{{"/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf", NULL}, "fonts-dejavu-core"},
	{{"/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", NULL}, NULL},
	{{"/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc", NULL}, NULL},
};

static bool add_file(FcConfig *config, const char *path)
{
	return path != NULL && access(path, R_OK) == 0 &&
	       FcConfigAppFontAddFile(config, (const FcChar8 *)path);
}

static enum ts_err add_files(FcConfig *config, struct ts_why *why)
{
	for (size_t i = 0; i < sizeof font_files / sizeof font_files[0]; i++) {
		if (add_file(config, font_files[i].path[0]) ||
			add_file(config, font_files[i].path[1]))
			continue;
		if (font_files[i].package != NULL)
			return ts_why(why, TS_E_UNAVAILABLE, font_files[i].path[0],
				"font file missing or unreadable; install the Debian package %s",
				font_files[i].package);
	}
	return TS_OK;
}

enum ts_err ts_page_fonts(PangoFontMap **out, struct ts_why *why)
{
	FcConfig *config = FcConfigCreate();
	if (config == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = add_files(config, why);
	if (err == TS_OK) {
		PangoFontMap *map = pango_cairo_font_map_new_for_font_type(CAIRO_FONT_TYPE_FT);
		pango_cairo_font_map_set_resolution(PANGO_CAIRO_FONT_MAP(map), 72);
		pango_fc_font_map_set_config(PANGO_FC_FONT_MAP(map), config);
		*out = map;
	}
	FcConfigDestroy(config); /* the map holds its own reference */
	return err;
}

void ts_page_fonts_free(PangoFontMap *fonts)
{
	/* pango 1.50 does not drop its reference to the configuration when the map goes. */
	pango_fc_font_map_set_config(PANGO_FC_FONT_MAP(fonts), NULL);
	g_object_unref(fonts);
}
