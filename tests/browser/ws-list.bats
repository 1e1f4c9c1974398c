#!/usr/bin/env bats
# The list of streams, which ws-serve shows at / when it serves several.
bats_require_minimum_version 1.5.0
# bats file_tags=browser
load ../support/helper

@test "the list shows the newest picture and the status of each stream" {
    scenario list "the list shows the newest picture and the status of each stream"
}

@test "the list shows pictures in the shape of their pixels" {
    scenario list "the list shows pictures in the shape of their pixels"
}

@test "only visible streams are requested, and nothing while the page is hidden" {
    scenario list "only visible streams are requested, and nothing while the page is hidden"
}

@test "the list shows a removed stream, a lost server and a stalled stream" {
    scenario list "the list shows a removed stream, a lost server and a stalled stream"
}

@test "without scripts the list is links with pictures" {
    scenario list "without scripts the list is links with pictures"
}

@test "the list fits 320 pixels, dark and light, works by keyboard, and axe finds nothing" {
    scenario list "the list fits 320 pixels, dark and light, works by keyboard, and axe finds nothing"
}

@test "streams as JSON: all of them, including removed ones" {
    odd="$S3\"\\ &é"
    shm-create -s 320x240 "$S"
    shm-create -s 320x240 "$S2"
    shm-create -s 64x48 "$odd"
    bg shm-encode -s 0 "$S"
    frame-gen -s 320x240 -r 0 -n 4 -o "$S"
    serve "$S" "$S2" "$odd"
    wait_until 10 curl -sf -o /dev/null "$URL/$S/snapshot.jpg"
    clean_run shm-rm -f "$S2"
    gone() {
        curl -s "$URL/streams" | grep -q '"live":false'
    }
    wait_until 10 gone
    curl -sSf "$URL/streams" >"$BATS_TEST_TMPDIR/streams"
    cat "$BATS_TEST_TMPDIR/streams"
    python3 - "$S" "$S2" "$odd" "$BATS_TEST_TMPDIR/streams" <<'END'
import json, sys
from urllib.parse import quote
first, second, odd, file = sys.argv[1:]
a, b, c = json.load(open(file))
assert [x["name"] for x in (a, b, c)] == [first, second, odd]
assert [x["url"] for x in (a, b, c)] == [quote(x["name"], safe="") + "/" for x in (a, b, c)]
assert [x["live"] for x in (a, b, c)] == [True, False, True]
assert a["frames"] == 4 and 1 <= a["pictures"] <= 4 and a["viewers"] == 0
assert (a["newest"]["width"], a["newest"]["height"]) == (320, 240)
assert b["newest"] is None and c["newest"] is None and c["frames"] == 0
END
    clean_run shm-rm -f "$odd"
}
