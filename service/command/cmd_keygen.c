/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/command.h"
#include "keys/keyfile.h"
#include "keys/keyseal.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_keygen = {
	.name = "keygen",
	.summary = "make an Ed25519 key pair; prints the public key (vkey)",
	.usage = "tallystick keygen NAME FILE [--type note|cosignature] [--seal]\n"
		 "tallystick keygen --public FILE\n"
		 "\n"
		 "NAME is what signatures will carry, for a company's statement key\n"
		 "<domain>/statements. FILE gets the private key, mode 0400, never written over;\n"
		 "with --seal only a passphrase opens it (see tallystick key).\n"
		 "--public prints the vkey of an existing FILE.\n"
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

struct keygen_args {
	const char *type, *passphrase_file;
	bool seal, public_only;
	struct ts_opt_list args;
};

/* The key reaches the disk sealed or not at all. */
static enum ts_err create_sealed(const struct keygen_args *a, enum ts_key_type type,
	struct ts_secret *secret, struct ts_why *why)
{
	uint8_t seed[TS_KEY_SEED_BYTES];
	struct ts_passphrase passphrase = {0};
	TS_TRY(ts_key_name_check(ts_str(a->args.items[0]), why));
	if (access(a->args.items[1], F_OK) == 0) /* before a passphrase is asked for twice */
		return ts_why(why, TS_E_CONFLICT, a->args.items[1],
			"exists; a key file is never written over");
	randombytes_buf(seed, sizeof seed);
	enum ts_err err = ts_secret_make(ts_str(a->args.items[0]), type, seed, secret);
	ts_wipe(seed, sizeof seed);
	if (err == TS_OK)
		err = ts_passphrase_read(
			a->passphrase_file, a->args.items[1], true, &passphrase, why);
	if (err == TS_OK)
		err = ts_keyseal_write(a->args.items[1], secret, &passphrase, false, why);
	ts_passphrase_wipe(&passphrase);
	return err;
}

static int generate(const struct keygen_args *a, struct ts_why *why)
{
	struct ts_secret secret;
	enum ts_key_type type = a->type[0] == 'n' ? TS_KEY_ED25519 : TS_KEY_COSIGNATURE;
	enum ts_err err = a->seal ? create_sealed(a, type, &secret, why)
				  : ts_keyfile_create(
					    a->args.items[1], a->args.items[0], type, &secret, why);
	if (err != TS_OK)
		return ts_command_fail(&ts_cmd_keygen, err, why);
	int code = print_vkey(&secret.key);
	ts_secret_wipe(&secret);
	return code;
}

static int run(int argc, char **argv)
{
	struct keygen_args a = {.type = "note"};
	const struct ts_opt opts[] = {
		{"type", TS_OPT_TEXT, false, &a.type, "TYPE", "note (default) or cosignature"},
		{"seal", TS_OPT_FLAG, false, &a.seal, NULL, "seal FILE by a passphrase"},
		{"passphrase-file", TS_OPT_TEXT, false, &a.passphrase_file, "FILE",
			"its passphrase (default: TALLYSTICK_PASSPHRASE_FILE, else it asks)"},
		{"public", TS_OPT_FLAG, false, &a.public_only, NULL, "print the vkey of FILE"},
	};
	int code = TS_EXIT_OK;
	if (!ts_opt_parse(&ts_cmd_keygen, opts, sizeof opts / sizeof opts[0], argc, argv, 1, 2,
		    &a.args, &code))
		return code;
	struct ts_why why = {0};
	struct ts_key key;
	bool sealed = false;
	if (a.public_only) {
		enum ts_err err = ts_keyfile_public(
			a.args.items[a.args.n - 1], &key, &sealed, &why);
		return err == TS_OK ? print_vkey(&key) : ts_command_fail(&ts_cmd_keygen, err, &why);
	}
	if (a.args.n != 2) {
		ts_command_fail(
			&ts_cmd_keygen, ts_why(&why, TS_E_MALFORMED, "FILE", "is missing"), &why);
		return TS_EXIT_USAGE;
	}
	if (strcmp(a.type, "note") != 0 && strcmp(a.type, "cosignature") != 0) {
		ts_command_fail(&ts_cmd_keygen,
			ts_why(&why, TS_E_MALFORMED, "--type", "%s is not note or cosignature",
				a.type),
			&why);
		return TS_EXIT_USAGE;
	}
	return generate(&a, &why);
}
