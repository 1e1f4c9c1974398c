#!/usr/bin/python3
"""rtc-offers.py URL SDP: POSTs the offer in the file SDP with each line in turn missing, doubled and
broken in several ways. The server must answer each offer (the session is then deleted) or refuse it
with 400 or 406; otherwise exit 1."""
import sys
import urllib.error
import urllib.parse
import urllib.request


def variants(lines):
    for i, line in enumerate(lines):
        yield lines[:i] + lines[i + 1 :]
        yield lines[:i] + [line] + lines[i:]
        for broken in line[: len(line) // 2], line[:2], line.replace(":", ":x", 1), line + " 99999999999":
            yield lines[:i] + [broken] + lines[i + 1 :]


def main():
    url, name = sys.argv[1:]
    with open(name, newline="") as file:
        lines = file.read().split("\r\n")[:-1]
    answered = refused = 0
    for variant in variants(lines):
        body = ("\r\n".join(variant) + "\r\n").encode()
        try:
            ask = urllib.request.Request(url + "whep", body, {"Content-Type": "application/sdp"})
            with urllib.request.urlopen(ask, timeout=100) as answer:
                where = urllib.parse.urljoin(url + "whep", answer.headers["Location"])
            with urllib.request.urlopen(urllib.request.Request(where, method="DELETE"), timeout=100):
                answered += 1
        except urllib.error.HTTPError as error:
            refused += 1
            if error.code not in (400, 406):
                print(error.code, error.read().decode().strip(), *variant, sep="\n", file=sys.stderr)
                sys.exit(1)
    print(answered, "answered,", refused, "refused")
    if not answered or not refused:
        sys.exit(1)


main()
