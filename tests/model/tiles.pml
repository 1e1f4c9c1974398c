/*
 * Parts of pictures (lib/image/tileparts.c, lib/server/stream/delivery.c, lib/server/web/view.js): whatever
 * a viewer skips or loses, what it shows in the end is the newest picture, and sharp if that is.
 *
 * The encoder publishes PACKETS pictures of two tiles: one or no tile changes, or the picture is sharp, or
 * the encoder is another one, which knows no earlier picture. A pixel has two values, so that a
 * tile may be again what it was. The server takes the newest picture, perhaps after others that it misses,
 * and sends a viewer whole pictures or the tiles that it lacks, by the numbers of the last picture and of
 * the last sharp one that it sent. The viewer draws messages in order. FAULTS times it cannot draw one, and
 * asks for a whole picture; RECONNECTS times it begins anew.
 */
#define TILES 2
#ifndef PACKETS
#define PACKETS 5
#endif
#ifndef WINDOW
#define WINDOW 2
#endif
#ifndef FAULTS
#define FAULTS 1
#endif
#ifndef RECONNECTS
#define RECONNECTS 1
#endif

typedef picture {
    byte number, first;
    bool sharp;
    byte changed[TILES];
    bit pixel[TILES]
};

/* A message: number, whole, sharp, and of each tile whether it is there and its pixel. */
chan wire = [WINDOW] of { byte, bool, bool, bool, bit, bool, bit };
chan up = [1] of { bit }; /* requests for a whole picture */

picture ring, newest, base;
byte shown, sharp; /* what the server knows of the viewer; shown 0: nothing */

bit canvas[TILES];        /* what the viewer shows */
bool canvas_sharp[TILES];
bool complete;            /* parts may follow */
bool asked;
byte faults = FAULTS, reconnects = RECONNECTS;

inline copy(to, from)
{
    to.number = from.number;
    to.first = from.first;
    to.sharp = from.sharp;
    to.changed[0] = from.changed[0];
    to.changed[1] = from.changed[1];
    to.pixel[0] = from.pixel[0];
    to.pixel[1] = from.pixel[1]
}

inline change(t)
{
    ring.pixel[t] = 1 - ring.pixel[t];
    ring.changed[t] = ring.number
}

#ifdef CHANGED_IF_NOT_EQUAL
/* A sharp picture's tile counts as unchanged if it looks as in the last sharp picture. */
bit last_sharp[TILES];
byte last_changed[TILES];
#define sharpen(t)                                                                                 \
    if                                                                                             \
    :: last_changed[t] != 0 && last_sharp[t] == ring.pixel[t] -> ring.changed[t] = last_changed[t] \
    :: else -> last_sharp[t] = ring.pixel[t]; last_changed[t] = ring.number; ring.changed[t] = ring.number \
    fi
#else
#define sharpen(t) skip
#endif

active proctype encoder()
{
    do
    :: ring.number == PACKETS -> break
    :: atomic {
        ring.number < PACKETS ->
        ring.number++;
        ring.sharp = false;
        if
        :: ring.number > 1 -> ring.sharp = true; sharpen(0); sharpen(1)
        :: ring.number > 1 -> change(0)
        :: ring.number > 1 -> change(1)
        :: ring.number > 1 -> skip
        :: change(0); change(1); ring.first = ring.number
        fi }
    od
}

inline take()
{
    if
    :: newest.number != 0 && !newest.sharp -> copy(base, newest)
    :: else -> skip
    fi;
    copy(newest, ring);
    if
    :: !newest.sharp || base.number < newest.first || base.number < newest.changed[0] ||
       base.number < newest.changed[1] -> base.number = 0
    :: else -> skip
    fi
#ifdef COUNT_TAKEN
    ; shown = (shown -> newest.number : 0); fresh = true
#endif
}

#ifdef FILL
#define part(p, t) (!p.sharp || p.changed[t] > known)
#else
#define part(p, t) (p.changed[t] > (p.sharp -> known : shown))
#endif

inline send(p)
{
    known = (sharp < p.first -> 0 : sharp);
    if
    :: shown != 0 && shown >= p.first ->
        wire!p.number, false, p.sharp, part(p, 0), p.pixel[0], part(p, 1), p.pixel[1];
        sharp = (p.sharp -> p.number : sharp)
    :: wire!p.number, true, p.sharp, true, p.pixel[0], true, p.pixel[1]; /* may be smaller than parts */
#ifdef KEEP_SHARP
        sharp = (p.sharp -> p.number : sharp)
#else
        sharp = (p.sharp -> p.number : 0)
#endif
    fi;
    shown = p.number;
    known = 0;
    fresh = false
}

active proctype server()
{
    byte known;
    bool fresh; /* only with COUNT_TAKEN: the newest picture is not sent */
end:
    do
    :: atomic { newest.number != ring.number -> take() }
    :: atomic { base.number != 0 && shown < base.number && len(wire) < WINDOW -> send(base) }
    :: atomic {
        newest.number != 0 && (base.number == 0 || shown >= base.number) &&
        (shown != newest.number || fresh) && len(wire) < (newest.sharp -> 1 : WINDOW) ->
        send(newest) }
#ifdef NO_RESET
    :: atomic { up?_ }
#else
    :: atomic { up?_ -> shown = 0 }
#endif
    od
}

inline draw(t, has, value)
{
    if
    :: has -> canvas[t] = value; canvas_sharp[t] = is_sharp
    :: else -> skip
    fi
}

active proctype viewer()
{
    byte number;
    bool whole, is_sharp, has0, has1;
    bit pixel0, pixel1;
end:
    do
    :: atomic {
        wire?number, whole, is_sharp, has0, pixel0, has1, pixel1 ->
        if
#ifdef IGNORE_FAULT
        :: faults > 0 -> faults--; goto forget
#else
        :: faults > 0 -> faults--; complete = false
#endif
        :: whole -> complete = true; asked = false
        :: !whole -> skip
#ifdef SKIP_PARTS
        :: !whole && len(wire) > 0 -> goto forget
#endif
        fi;
        if
        :: complete -> draw(0, has0, pixel0); draw(1, has1, pixel1)
        :: else ->
            if
            :: !asked -> asked = true; up!0
            :: else -> skip
            fi
        fi;
forget:
        number = 0; whole = false; is_sharp = false;
        has0 = false; has1 = false; pixel0 = 0; pixel1 = 0 }
    :: atomic {
        reconnects > 0 ->
        reconnects--;
        do
        :: wire?number, whole, is_sharp, has0, pixel0, has1, pixel1
        :: len(wire) == 0 -> break
        od;
        if
        :: up?_
        :: len(up) == 0
        fi;
        shown = 0;
#ifndef KEEP_SHARP
        sharp = 0;
#endif
        complete = false; asked = false;
        goto forget }
    od
}

/* Runs when no process can take another step. */
active proctype judge()
{
end:
    timeout ->
    assert(canvas[0] == ring.pixel[0] && canvas[1] == ring.pixel[1]);
    assert(!ring.sharp || (canvas_sharp[0] && canvas_sharp[1]))
}
