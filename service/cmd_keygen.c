/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command.h"
#include "service/keyfile.h"
#include <stdio.h>
#include <string.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_keygen = {
	.name = "keygen",
	.summary = "make an Ed25519 key pair; prints the public key (vkey)",
	.usage = "tallystick keygen NAME FILE [--type note|cosignature] [--public]\n"
		 "\n"
		 "NAME is what signatures will carry, for a company's statement key\n"
		 "<domain>/statements. FILE gets the private key, mode 0400, never written over.\n"
		 "--public prints the vkey of an existing FILE instead.\n"
		 "\n"
		 "  tallystick keygen provider.example/statements provider.key\n",
	.run = run,
};

static int print_vkey(const struct ts_key *key)
{
	char vkey[TS_VKEY_CHARS];
	printf("%s\n", ts_key_format(key, vkey));
	return TS_EXIT_OK;
}

static int run(int argc, char **argv)
{
	const char *type_name = "note";
	bool public_only = false;
	const struct ts_opt opts[] = {
		{"type", TS_OPT_TEXT, false, &type_name, "TYPE", "note (default) or cosignature"},
		{"public", TS_OPT_FLAG, false, &public_only, NULL, "print the vkey of FILE"},
	};
	struct ts_opt_list args = {0};
	int code = TS_EXIT_OK;
	if (!ts_opt_parse(&ts_cmd_keygen, opts, 2, argc, argv, 1, 2, &args, &code))
		return code;
	struct ts_why why = {0};
	struct ts_secret secret;
	enum ts_err err;
	if (public_only) {
		err = ts_keyfile_read(args.items[args.n - 1], &secret, &why);
	} else if (args.n != 2) {
		ts_command_fail(
			&ts_cmd_keygen, ts_why(&why, TS_E_MALFORMED, "FILE", "is missing"), &why);
		return TS_EXIT_USAGE;
	} else if (strcmp(type_name, "note") != 0 && strcmp(type_name, "cosignature") != 0) {
		ts_command_fail(&ts_cmd_keygen,
			ts_why(&why, TS_E_MALFORMED, "--type", "%s is not note or cosignature",
				type_name),
			&why);
		return TS_EXIT_USAGE;
	} else {
		err = ts_keyfile_create(args.items[1], args.items[0],
			type_name[0] == 'n' ? TS_KEY_ED25519 : TS_KEY_COSIGNATURE, &secret, &why);
	}
	if (err != TS_OK)
		return ts_command_fail(&ts_cmd_keygen, err, &why);
	code = print_vkey(&secret.key);
	ts_secret_wipe(&secret);
	return code;
}
