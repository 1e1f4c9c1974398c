#ifndef SERVER_URL_H
#define SERVER_URL_H

enum { URL_NAME_MAX = 3 * 250 + 1 /* room for the encoded name of a stream */ };

/* Percent-encodes a name for a URL's path: out has room for 3 * strlen(name) + 1 bytes. */
void url_encode(const char *name, char *out);

#endif
