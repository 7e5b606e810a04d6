/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/passphrase.h"
#include "evidence/sealed.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define ROOM                                                                                       \
	(TS_PASSPHRASE_BYTES_MAX + 2) /* one byte more shows that it is too long, and its LF       \
				       */
#define CTRL_C 3
#define CTRL_D 4

static enum ts_err too_long(struct ts_why *why, const char *where)
{
	return ts_why(why, TS_E_INVALID, where, "a passphrase has 1 to %d bytes",
		TS_PASSPHRASE_BYTES_MAX);
}

static enum ts_err read_file(const char *path, char *out, size_t *len, struct ts_why *why)
{
	struct stat st;
	size_t used = 0;
	ssize_t got = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ts_why(why, errno == ENOENT ? TS_E_NOT_FOUND : TS_E_IO, path,
			"cannot open the passphrase file: %s", strerror(errno));
	bool open_to_others = fstat(fd, &st) != 0 || (st.st_mode & 077) != 0;
	while (!open_to_others && used < ROOM &&
		((got = read(fd, out + used, ROOM - used)) > 0 || (got < 0 && errno == EINTR)))
		used += got > 0 ? (size_t)got : 0;
	close(fd);
	if (open_to_others)
		return ts_why(why, TS_E_KEY, path,
			"a passphrase file must not be readable by group or others (use 0400)");
	if (got < 0)
		return ts_why(why, TS_E_IO, path, "cannot read: %s", strerror(errno));
	if (used > 0 && out[used - 1] == '\n')
		used--;
	*len = used;
	return used == 0 || used > TS_PASSPHRASE_BYTES_MAX ? too_long(why, path) : TS_OK;
}

static void say(int fd, const char *text)
{
	ssize_t n = write(fd, text, strlen(text));
	(void)n; /* a terminal that can't be written to is read all the same */
}

/* One line; the keys that would end the process come as bytes, so that the terminal is put right
 * before it ends. */
static enum ts_err read_line(int fd, char *out, size_t *len, struct ts_why *why)
{
	size_t used = 0;
	for (;;) {
		char c = 0;
		ssize_t got = read(fd, &c, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || c == CTRL_C || c == CTRL_D)
			return ts_why(why, TS_E_UNAVAILABLE, "passphrase", "none was typed");
		if (c == '\n' || c == '\r')
			break;
		if (used == TS_PASSPHRASE_BYTES_MAX)
			return too_long(why, "passphrase");
		out[used++] = c;
	}
	*len = used;
	return used == 0 ? too_long(why, "passphrase") : TS_OK;
}

static enum ts_err ask(
	int fd, const char *prompt, const char *about, char *out, size_t *len, struct ts_why *why)
{
	struct termios before, silent;
	if (tcgetattr(fd, &before) != 0)
		return ts_why(why, TS_E_UNAVAILABLE, "passphrase", "no terminal to ask on");
	silent = before;
	silent.c_lflag &= (tcflag_t) ~(ECHO | ISIG | ICANON);
	silent.c_cc[VMIN] = 1;
	silent.c_cc[VTIME] = 0;
	if (tcsetattr(fd, TCSAFLUSH, &silent) != 0)
		return ts_why(why, TS_E_UNAVAILABLE, "passphrase", "the terminal keeps its echo");
	say(fd, prompt);
	say(fd, about);
	say(fd, ": ");
	enum ts_err err = read_line(fd, out, len, why);
	(void)tcsetattr(fd, TCSAFLUSH, &before);
	say(fd, "\n");
	return err;
}

static enum ts_err ask_again(
	int fd, const char *about, const char *first, size_t first_len, struct ts_why *why)
{
	size_t len = 0;
	char *second = sodium_malloc(ROOM);
	if (second == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ask(fd, "the same again for ", about, second, &len, why);
	if (err == TS_OK && (len != first_len || sodium_memcmp(first, second, len) != 0))
		err = ts_why(why, TS_E_INVALID, "passphrase", "the two are not the same");
	sodium_free(second);
	return err;
}

static enum ts_err read_terminal(
	const char *about, bool is_new, char *out, size_t *len, struct ts_why *why)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return ts_why(why, TS_E_UNAVAILABLE, "passphrase",
			"%s is sealed, and there is neither a terminal to ask on nor "
			"--passphrase-file nor " TS_PASSPHRASE_ENV,
			about);
	enum ts_err err = ask(
		fd, is_new ? "new passphrase for " : "passphrase for ", about, out, len, why);
	if (err == TS_OK && is_new)
		err = ask_again(fd, about, out, *len, why);
	close(fd);
	return err;
}

enum ts_err ts_passphrase_read(const char *file, const char *about, bool is_new,
	struct ts_passphrase *out, struct ts_why *why)
{
	size_t len = 0;
	if (sodium_init() < 0) /* its guarded memory needs it */
		return TS_E_NO_MEMORY;
	char *bytes = sodium_malloc(ROOM); /* locked, guarded; wiped by sodium_free */
	if (bytes == NULL)
		return TS_E_NO_MEMORY;
	if (file == NULL)
		file = getenv(TS_PASSPHRASE_ENV);
	enum ts_err err = file != NULL ? read_file(file, bytes, &len, why)
				       : read_terminal(about, is_new, bytes, &len, why);
	if (err != TS_OK) {
		sodium_free(bytes);
		return err;
	}
	out->text = (struct ts_str){bytes, len};
	return TS_OK;
}

void ts_passphrase_wipe(struct ts_passphrase *passphrase)
{
	union {
		const char *in;
		void *out;
	} bytes = {.in = passphrase->text.at}; /* the slice is const, its memory is ours */
	sodium_free(bytes.out);
	passphrase->text = (struct ts_str){NULL, 0};
}
