/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/frame/source.h"
#include "importers/source/alibaba.h"
#include "importers/source/apel.h"
#include "importers/source/aws.h"
#include "importers/source/cloudevents.h"
#include "importers/source/dcgm.h"
#include "importers/source/focus.h"
#include "importers/source/gcp.h"
#include "importers/source/kubernetes.h"
#include "importers/source/opencost.h"
#include "importers/source/records.h"
#include "importers/source/slurm.h"
#include "importers/source/traces.h"
#include <string.h>

static const struct ts_source none = {0};
const struct ts_source *const ts_sources[] = {
	&ts_slurm_source,
	&ts_apel_source,
	&ts_cloudevents_source,
	&ts_alibaba_source,
	&ts_philly_source,
	&ts_acme_source,
	&ts_series_source,
	&ts_aws_cur_source,
	&ts_gcp_billing_source,
	&ts_focus_source,
	&ts_kubernetes_source,
	&ts_opencost_source,
	&ts_dcgm_source,
	&ts_records_source,
	&none,
};

const struct ts_source *ts_source_find(const char *name)
{
	for (size_t i = 0; ts_sources[i]->name; i++)
		if (strcmp(ts_sources[i]->name, name) == 0)
			return ts_sources[i];
	return NULL;
}

const char *ts_source_setting(const struct ts_source_options *options, const char *name)
{
	const char *value = NULL;
	for (size_t i = 0; i < options->settings_n; i++)
		if (strcmp(options->settings[i].name, name) == 0)
			value = options->settings[i].value;
	return value;
}
