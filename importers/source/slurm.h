/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_SLURM_H
#define TS_IMPORTERS_SOURCE_SLURM_H
/* Why: `sacct --parsable2` rows (docs/formats/importers.md, "slurm"). Either the 26 columns of Open
 * XDMoD without a heading, or any columns under a heading; JobName, when last, may hold '|'. Times
 * carry no zone and are taken as UTC: run sacct under TZ=UTC. Elapsed excludes suspended time, so
 * quantity = devices x Elapsed over the interval [Start, End). */
#include "importers/frame/source.h"

#define TS_SLURM_XDMOD_COLUMNS                                                                     \
	"JobID,JobIDRaw,Cluster,Partition,QOS,Account,Group,GID,User,UID,Submit,Eligible,Start,"   \
	"End,Elapsed,ExitCode,State,NNodes,NCPUS,ReqCPUS,ReqMem,ReqTRES,AllocTRES,Timelimit,"      \
	"NodeList,JobName"

extern const struct ts_source ts_slurm_source;

#endif
