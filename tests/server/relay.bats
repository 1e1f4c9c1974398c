#!/usr/bin/env bats
# Edges: other machines that serve their own viewers from one connection to the origin, with 20 ms on the
# way in each direction. The lines of the edge are those of shmcast-relay(7).
#
#   edge 1 (10.9.1.2) ── (10.9.1.1) origin (10.9.2.1) ── (10.9.2.2) edge 2
# shellcheck disable=SC2016,SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=server
load ../support/helper
load ../support/namespaces

setup() {
    common_setup
    cd "$BATS_TEST_TMPDIR"
    be_root
    namespace ORIGIN
    namespace EDGE1
    namespace EDGE2
    wire 20 "$ORIGIN" 10.9.1.1 "$EDGE1" 10.9.1.2
    wire 20 "$ORIGIN" 10.9.2.1 "$EDGE2" 10.9.2.2
}

# origin ARGS…: starts the origin's server.
origin() {
    bg_at "$ORIGIN" ws-serve -b 0.0.0.0 "$@" "$S" >origin.out
    SERVER=$BG
    wait_until 10 grep -q :8080/ origin.out
}

# The recipe of the manual page for an edge, with other names: edge NAMESPACE STREAM URL [CURL-OPTION…]
edge() {
    display "lines: edge" |
        sed "s,\\<edge\\>,$2,g; s,http://origin:8080/stream.mjpg,${*:4} $3/stream.mjpg,; s,sleep 1,sleep 0.1," >"$2.sh"
    grep -q "shm-write -u $2" "$2.sh"
    grep -qF "$3" "$2.sh"
    : >"$2.out"
    bg_at "$1" bash "$2.sh" >"$2.out"
    wait_until 10 grep -q :8080/ "$2.out"
}

jpegs() {
    "$TESTS/support/jpegs.py" "$@"
}

# The newest JPEG at an address: fetch NAMESPACE URL FILE
fetch() {
    at "$1" curl -sSf -o "$3" "$2/snapshot.jpg"
}

word() { # WORD FILE
    rdjpgcom "$2" | sed -n "s/^shmcast .*\\b$1=\\([^ ]*\\).*/\\1/p"
}

# The newest JPEG there shows this frame: shows FRAME NAMESPACE URL FILE
shows() {
    fetch "$2" "$3" "$4" && [ "$(word frame "$4")" = "$1" ]
}

# Writes 1, 2, 3 and so on frames at the next calls, so that the last one is a new image; $NUMBER is its
# number in the stream.
next_frame() {
    COUNT=$((${COUNT-0} + 1))
    NUMBER=$((${NUMBER-0} + COUNT))
    frame-gen -s 320x240 -r 0 -n $COUNT -o "$S"
}

viewers() { # NAMESPACE URL: number of viewers that the server has
    at "$1" curl -sSf "$2/stats" | sed 's/.*"viewers":\([0-9]*\).*/\1/'
}

viewers_are() {
    [ "$(viewers "${@:2}")" = "$1" ]
}

@test "two edges serve what the origin does, byte for byte, to many viewers over one connection each" {
    shm-create -s 320x240 "$S"
    bg shm-encode -s 0 -a "$S"
    next_frame
    origin
    edge "$EDGE1" "$S2" http://10.9.1.1:8080
    edge "$EDGE2" "$S3" http://10.9.2.1:8080
    for n in 1 2 3; do
        [ $n = 1 ] || next_frame
        wait_until 20 shows $NUMBER "$ORIGIN" http://127.0.0.1:8080 origin.jpg
        wait_until 20 shows $NUMBER "$EDGE1" http://127.0.0.1:8080 1.jpg
        wait_until 20 shows $NUMBER "$EDGE2" http://127.0.0.1:8080 2.jpg
        cmp <(jpegs plain <origin.jpg) <(jpegs plain <1.jpg)
        cmp <(jpegs plain <origin.jpg) <(jpegs plain <2.jpg)
        # Here all have one clock, by which the JPEG was on the way.
        for edge in 1 2; do
            [ "$(word captured origin.jpg)" = "$(word captured $edge.jpg)" ]
            awk -v origin="$(word published origin.jpg)" -v edge="$(word published $edge.jpg)" \
                'BEGIN { print "delay " edge - origin; exit !(edge - origin >= 0.02) }'
        done
    done
    # Six viewers of each edge are none of the origin's.
    for namespace in "$EDGE1" "$EDGE2"; do
        bg_at "$namespace" "$TESTS/server/ws-client.py" --viewers 6 --stay --quiet ws://127.0.0.1:8080/ws
        wait_until 20 viewers_are 6 "$namespace" http://127.0.0.1:8080
    done
    [ "$(viewers "$ORIGIN" http://127.0.0.1:8080)" = 2 ]

    # The origin's server restarts: the edges keep their viewers, which see the next frame.
    kill "$SERVER"
    ends 143 "$SERVER"
    [ "$(viewers "$EDGE1" http://127.0.0.1:8080)" = 6 ]
    fetch "$EDGE2" http://127.0.0.1:8080 2.jpg
    [ "$(word frame 2.jpg)" = "$NUMBER" ]
    origin
    next_frame
    wait_until 20 shows $NUMBER "$EDGE1" http://127.0.0.1:8080 1.jpg
    wait_until 20 shows $NUMBER "$EDGE2" http://127.0.0.1:8080 2.jpg
    [ "$(viewers "$EDGE1" http://127.0.0.1:8080)" = 6 ]
    # Its stream is replaced by one of another size.
    shm-create --replace -s 640x480 "$S"
    frame-gen -s 640x480 -n 1 -o "$S"
    wait_until 20 shows 1 "$EDGE1" http://127.0.0.1:8080 1.jpg
    [ "$(djpeg 1.jpg | head -c 14 | xargs)" = "P6 640 480 255" ]
    # Without its stream an edge ends, its loop too.
    clean_run shm-rm -f "$S2" "$S3"
}

@test "an edge of an edge; the origin's token and certificate" {
    shm-create -s 320x240 "$S"
    bg shm-encode -s 0 -a "$S"
    next_frame
    (umask 077 && echo 'view only-for-the-eyes-0001' >tokens && echo 'Authorization: Bearer only-for-the-eyes-0001' >token)
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=origin -days 2 \
        -addext subjectAltName=IP:10.9.1.1 -keyout key.pem -out cert.pem 2>/dev/null
    origin --token-file tokens --tls-cert cert.pem --tls-key key.pem
    edge "$EDGE1" "$S2" https://10.9.1.1:8080 -H @token --cacert cert.pem
    wait_until 20 shows 1 "$EDGE1" http://127.0.0.1:8080 1.jpg
    # The second edge reaches the first through the origin's machine.
    at "$ORIGIN" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
    at "$EDGE1" ip route add 10.9.2.0/24 via 10.9.1.1
    at "$EDGE2" ip route add 10.9.1.0/24 via 10.9.2.1
    edge "$EDGE2" "$S3" http://10.9.1.2:8080
    for _ in 2 3; do
        next_frame
        wait_until 20 shows $NUMBER "$EDGE2" http://127.0.0.1:8080 2.jpg
        fetch "$EDGE1" http://127.0.0.1:8080 1.jpg
        cmp <(jpegs plain <1.jpg) <(jpegs plain <2.jpg)
        [ "$(word captured 1.jpg)" = "$(word captured 2.jpg)" ]
    done
}
