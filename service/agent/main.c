/* SPDX-License-Identifier: Apache-2.0 */
/* tallystick-agent: the part of tallystick that runs beside a cluster. */
#include "service/command/command.h"
#include "service/key/secrecy.h"
#include <signal.h>

#define X(name) extern const struct ts_command ts_cmd_##name;
#include "service/agent/commands.def"
#undef X

static const struct ts_command *const commands[] = {
#define X(name) &ts_cmd_##name,
#include "service/agent/commands.def"
#undef X
	0,
};

int main(int argc, char **argv)
{
	/* A peer that closes early is an error of that write, never the end of the process. */
	signal(SIGPIPE, SIG_IGN);
	ts_secrecy_begin(); /* it holds a key and a token */
	return ts_command_main("tallystick-agent", commands, argc, argv);
}
