"""evjson-check.py EVJSON-TEST EVENTS-TEST: checks which messages evjson accepts and refuses, and that
it accepts only valid JSON. Prints failures; exit 1 if there are any."""
import json
import random
import struct
import subprocess
import sys

EVJSON, EVENTS = sys.argv[1:3]


def ask(texts):
    """The lines that EVJSON-TEST prints for each text."""
    texts = [t.encode() if isinstance(t, str) else t for t in texts]
    data = b"".join(struct.pack("<I", len(t)) + t for t in texts)
    done = subprocess.run([EVJSON], input=data, stdout=subprocess.PIPE, check=True)
    answers = [[]]
    for line in done.stdout.decode().split("\n")[:-1]:
        if line == ".":
            answers.append([])
        else:
            answers[-1].append(line)
    assert answers.pop() == [] and len(answers) == len(texts)
    return answers


ACCEPTED = [
    ('{"type":"pointer_down","x":0.25,"y":0.75,"button":1,"buttons":1,"modifiers":["ctrl","shift"],'
     '"pointer":0}', ["pointer_down x=0.25 y=0.75 button=1 buttons=1 modifiers=shift,ctrl"]),
    (' [ { "y" : 1 , "x" : 0.5 , "type" : "pointer_move" } ]\r\n', ["pointer_move x=0.5 y=1"]),
    ('[]', []),
    (' [ ] ', []),
    ('{"type":"pointer_up","x":1e-1,"y":-2E0,"modifiers":[],"buttons":[]}',
     ["pointer_up x=0.1 y=-2"]),
    ('{"type":"pointer_up","x":0,"y":-0.0,"buttons":[1,3],"modifiers":["Shift","Control","Alt",'
     '"Meta"]}', ["pointer_up x=0 y=0 buttons=5 modifiers=shift,ctrl,alt,meta"]),
    ('{"type":"pointer_up","x":0,"y":0,"modifiers":"alt,meta","buttons":[2]}',
     ["pointer_up x=0 y=0 buttons=2 modifiers=alt,meta"]),
    ('{"type":"wheel","dx":1,"dy":-3.5,"x":0.5,"y":0.5,"time_stamp":1.5,"ntouches":0}',
     ["wheel x=0.5 y=0.5 dx=1 dy=-3.5"]),
    ('{"type":"wheel","dy":1,"timeStamp":12.5}', ["wheel dy=1"]),
    # messages of renderview
    ('{"type":"pointer_down","x":0.5,"y":0.5,"button":1,"buttons":[1],"modifiers":[],"ntouches":1,'
     '"touches":{"7":{"x":0.5,"y":0.5,"pressure":1}},"timestamp":1.5e3}',
     ["pointer_down x=0.5 y=0.5 button=1 buttons=1"]),
    ('[{"type":"pointer_move","x":1,"y":0,"touches":[{"x":1,"y":2}, 1, "a"]},{"touches":{},"type":"pointer_up","x":0,"y":0},'
     '{"type":"pointer_up","x":0,"y":0,"touches":{"' + "n" * 99 + '":{"' + "m" * 99 + '":null},"":{"' + "m" * 99 + '":"' + "m" * 99 + '"}}}]',
     ["pointer_move x=1 y=0", "pointer_up x=0 y=0", "pointer_up x=0 y=0"]),
    ('{"type":"pointer_up","x":0,"y":0,"touches":null}', ["pointer_up x=0 y=0"]),
    ('{"type":"pointer_up","x":0,"y":0,"touches":{"' + "n" * 99 + '":{"' + "n" * 99 + '":{"' + "n" * 99 + '":1}}}}', ["pointer_up x=0 y=0"]),
    ('{"type":"resize","width":400.5,"height":300.25,"pwidth":801,"pheight":601,"ratio":2,"timestamp":1}',
     ["resize width=801 height=601 ratio=2"]),
    ('{"type":"resize","width":400,"height":300,"timestamp":1}', ["resize width=400 height=300"]),
    ('[{"type":"show","timestamp":1},{"type":"hide"},{"type":"focus_in"},{"type":"focus_out"},{"type":"close"},'
     '{"type":"char","data":"a","input_type":"insertText","is_composing":true,"repeat":false},{"type":"char","data":null},'
     '{"type":"pointer_enter","timestamp":1},{"type":"pointer_leave","timestamp":2}]', ["nothing"] * 9),
    ('{"type":"char","data":"a b","input_type":"insertText","is_composing":false,"repeat":false}', ["char data=a%20b"]),
    ('{"type":"cursor","name":"wait"}', ["cursor name=wait"]),
    ('{"type":"pointer_enter","x":0.5,"y":1,"timestamp":1}', ["pointer_enter x=0.5 y=1"]),
    # numbers as browsers write them
    ('{"type":"pointer_move","x":0.00026028110359187923,"y":-1.2345678901234567e-10}',
     ["pointer_move x=0.00026028111 y=-1.2345679e-10"]),
    ('{"type":"pointer_move","x":0.' + "3" * 300 + 'e-3,"y":16.' + "0" * 90 + '}',
     ["pointer_move x=0.00033333333 y=16"]),
    ('{"type":"ping","t":1234567.8999999762}', ["ping 1234567.8999999762"]),
    ('{"type":"key_down","key":"0.12345678901234567890123456789"}',
     ["key_down key=0.12345678901234567890123456789"]),
    ('{"type":"key_down","key":"a"}', ["key_down key=a"]),
    ('{"type":"key_down","key":" "}', ["key_down key=%20"]),
    ('{"type":"key_down","key":"\\""}', ['key_down key="']),
    ('{"type":"key_up","key":"\\u00e9\\ud83d\\ude00"}', ["key_up key=\u00e9\U0001f600"]),
    ('{"type":"key_up","key":"\u00e9\U0001f600"}', ["key_up key=\u00e9\U0001f600"]),
    ('{"type":"key_up","key":"' + "k" * 32 + '"}', ["key_up key=" + "k" * 32]),
    ('{"\\u0074ype":"key_up","key":"#"}', ["key_up key=#"]),
    ('{"type":"resize","width":800,"height":600,"ratio":1.5}',
     ["resize width=800 height=600 ratio=1.5"]),
    ('{"type":"resize","width":1,"height":65500,"t":12.034567890,"viewer":4294967295}',
     ["resize width=1 height=65500 viewer=4294967295 t=12.034567890"]),
    ('{"type":"ack","seq":18446744073}', ["ack 18446744073"]),
    ('{"seq":0,"type":"ack"}', ["ack 0"]),
    ('{"type":"ping","t":1234.5600e0}', ["ping 1234.5600e0"]),
    ('[{"type":"ping","t":-1},{"type":"ack","seq":2},{"type":"key_up","key":"x"}]',
     ["ping -1", "ack 2", "key_up key=x"]),
    ('[' + ",".join(['{"type":"ack","seq":1}'] * 64) + ']', ["ack 1"] * 64),
    ('{"type":"hello"}', ["hello"]),
    ('{"type":"hello","parts":true}', ["hello parts"]),
    ('{"type":"hello","name":"Zo\u00eb \\"1\\""}', ['hello Zo\u00eb "1"']),
    ('{"name":"%s","type":"hello"}' % ("\u00e9" * 16), ["hello " + "\u00e9" * 16]),
    ('{"type":"hello","name":""}', ["hello "]),
    ('{"type":"hello","name":"a","parts":true}', ["hello parts a"]),
    ('{"type":"control","want":"ask"}', ["control ask 0"]),
    ('{"want":"release","type":"control"}', ["control release 0"]),
    ('{"type":"control","want":"take"}', ["control take 0"]),
    ('{"to":4294967295,"type":"control","want":"give"}', ["control give 4294967295"]),
    ('[{"type":"hello"},{"type":"control","want":"give","to":1},{"type":"hello"}]',
     ["hello", "control give 1", "hello"]),
    # messages of the page of FURY 0.12
    ('{"type":"weel","deltaY":-53.5,"timestampInMs":1700000000000}', ["fury wheel dy=-53.5"]),
    ('{"type":"mouseMove","x":0.25,"y":0.5,"ctrlKey":1,"shiftKey":0,"timestampInMs":1.7e12}',
     ["fury pointer_move x=0.25 y=0.5 modifiers=ctrl"]),
    ('{"type":"mouseLeftClick","on":1,"mouseButton":0,"x":0.25,"y":0.5,"ctrlKey":0,"shiftKey":1,'
     '"timestampInMs":1700000000000}', ["fury pointer_down x=0.25 y=0.5 button=1 modifiers=shift"]),
    ('{"type":"mouseLeftClick","on":0,"x":0,"y":0,"mouseButton":1,"ctrlKey":0,"shiftKey":0,'
     '"timestampInMs":1,"more":"x"}', ["fury pointer_up x=0 y=0 button=3"]),
    ('{"type":"mouseLeftClick","on":0,"x":0,"y":0,"mouseButton":2,"ctrlKey":0,"shiftKey":0}',
     ["fury pointer_up x=0 y=0 button=2"]),
]

DOWN = '{"type":"pointer_down","x":0.5,"y":0.5%s}'
REFUSED = [
    ("", "cut off"), (" ", "cut off"), ("{}", "not JSON"), ("1", "not JSON"), ('"x"', "not JSON"),
    ("null", "not JSON"), ("[1]", "not an object"), ('["x"]', "not an object"),
    ("[[]]", "list in a list"), ("[null]", "not an object"),
    ('{"type":"ack","seq":1', "cut off"), ('{"type":"ack","seq":1}}', "not JSON"),
    ('{"type":"ack","seq":1} {"type":"ack","seq":1}', "more than one"),
    ('[{"type":"ack","seq":1}', "cut off"), ('[{"type":"ack","seq":1}}', "not JSON"),
    ('[{"type":"ack","seq":1},]', "not JSON"), ('[{"type":"ack","seq":1}]x', "more than one"),
    ('{"type":"ack","seq":01}', "not JSON"), ('{"type":"ack","seq":1.}', "not JSON"),
    ('{"type":"ack","seq":0.' + "1" * 30 + '.5}', "not JSON"), ('{"type":"ack","seq":' + "1" * 30 + '.}', "not JSON"),
    ('{"type":"ping","t":0.' + "1" * 30 + 'e}', "not JSON"), ('{"type":"ping","t":0.' + "1" * 30 + ' 1}', "not JSON"),
    ('{"type":"ack","seq":+1}', "not JSON"), ('{"type":"ack","seq":NaN}', "not JSON"),
    ('{"type":"ack","seq":1}#', "not JSON"), ("# x\n" + DOWN % "", "not JSON"),
    ('{"type":"pointer_up","x":0,"y":0,"modifiers":["alt"}]', "not JSON"),
    ('{"type":"pointer_up","x":0,"y":0,"modifiers":["alt"}}', "not JSON"),
    ('[{"type":"ack","seq":1]}', "not JSON"), ('[{"type":"ack","seq":1]]', "not JSON"),
    ("{'type':'ack','seq':1}", "not JSON"), ('{"type":"ack" "seq":1}', "not JSON"),
    ('{type:"ack","seq":1}', "not JSON"),
    (b'{"type":"key_up","key":"\xff"}', "UTF-8"), (b'{"type":"key_up","key":"\xc0\x80"}', "UTF-8"),
    (b'\xef\xbb\xbf{"type":"ack","seq":1}', "not JSON"), (b'{"type":"key_up","key":"a\x00"}', "UTF-8"),
    (b'{"type":"ack","seq":1}\x00', "UTF-8"), (b"\x00\x01\x02", "UTF-8"),
    ('{"type":"key_up","key":"\\ud83d"}', "key is not UTF-8"),
    ('{"type":"key_up","key":"\\ude00\\ud83d"}', "key is not UTF-8"),
    ('{"type":"key_up","key":"\\u0000"}', "key has a NUL"), ('{"type":"key_up","key":"\\u000a"}', "key must be"),
    ('{"type":"key_up","key":"\\x"}', "not JSON"), ('{"type":"key_up","key":"a\nb"}', "JSON|control"),
    ('{"type":"key_up","key":""}', "key has no value"), ('{"type":"key_up","key":1}', "key must be a string"),
    ('{"type":"key_up","key":["a"]}', "key must be a string"), ('{"type":"key_up","key":null}', "key must be"),
    ('{"type":"key_up","key":"' + "k" * 33 + '"}', "key must be"),
    ('{"type":"key_up","key":"' + "k" * 101 + '"}', "longer than 100"),
    ('{"type":"key_up","key":"' + "k" * 40000 + '"}', "longer than 100"),
    ('{"' + "n" * 257 + 'type":"key_up"}', "longer than 100"),
    ('{"type":"key_up","key":"a","' + "n" * 99 + '":1}', "unknown key 'nnn"),
    ('{"type":"key_up"}', "key_up needs key"), ('{"type":"key_up","key":"a","key":"b"}', "key is given twice"),
    ('{"type\\u0000":"key_up","key":"a"}', "JSON"),
    ('{"key":"a"}', "no type"), ('{"type":1}', "no type"), ('{"type":["ack"],"seq":1}', "no type"),
    ('{"type":""}', "unknown type"), ('{"type":"pointerdown","x":1,"y":1}', "unknown type 'pointerdown'"),
    ('{"event_type":"pointer_down","x":1,"y":1}', "no type"),
    (DOWN % ',"foo":1', "unknown key 'foo' for pointer_down"), (DOWN % ',"key":"a"', "pointer_down takes no key"),
    (DOWN % ',"x":1', "x is given twice"), (DOWN % ',"dx":1', "takes no dx"), (DOWN % ',"number":1', "unknown key"),
    (DOWN % ',"button":6', "button must be"), (DOWN % ',"button":-1', "button must be"),
    (DOWN % ',"button":1.0', "button must be"), (DOWN % ',"button":"1"', "button must be a number"),
    (DOWN % ',"button":true', "button must be a number"), (DOWN % ',"button":null', "button must be a number"),
    (DOWN % ',"buttons":32', "buttons must be"), (DOWN % ',"buttons":[6]', "buttons holds"),
    (DOWN % ',"buttons":[0]', "buttons holds"), (DOWN % ',"buttons":["a"]', "buttons holds"),
    (DOWN % ',"buttons":[1,"x"]', "buttons holds different"), (DOWN % ',"buttons":[[1]]', "nested|list"),
    (DOWN % ',"buttons":[true]', "buttons holds"),
    (DOWN % ',"modifiers":["hyper"]', "modifiers must be"), (DOWN % ',"modifiers":[1]', "modifiers must be"),
    (DOWN % ',"modifiers":[""]', "modifiers holds something empty"), (DOWN % ',"modifiers":""', "modifiers has no value"),
    (DOWN % ',"modifiers":5', "modifiers must be"), (DOWN % ',"modifiers":["shift",]', "not JSON"),
    (DOWN % ',"modifiers":[' + '"shift",' * 30 + '"alt"]}', "modifiers is too long|JSON"),
    (DOWN % (',"modifiers":[' + '"shift",' * 30 + '"alt"]'), "modifiers is too long"),
    (DOWN % ',"touch":{}', "object in an object"), (DOWN % ',"a":{"b":1}', "object in an object"),
    ('[{"type":"ack","seq":[{"a":1}]}]', "nested|object|deeper"),
    ('[' + DOWN % ',"touches":{"a":{"b":{}}}' + ']', "nested deeper"), (DOWN % ',"touches":{"a":}', "not JSON"),
    (DOWN % ',"touches":{"a":01}', "not JSON"), (DOWN % ',"touches":{"\\u0041":1}', "escaped name"),
    (DOWN % ',"touches":{"a":{"b":1}', "cut off"), (DOWN % ',"touches":{"a":1}}', "not JSON"), (DOWN % ',"touches":{"a" 1}', "not JSON"),
    (DOWN % ',"touches":{"a":[1,]}', "not JSON"), (DOWN % ',"touches":{"x\x01y":1}', "JSON"), (DOWN % ',"touches":{},"touches":{}', "given twice"),
    ('{"type":"show","x":{}}', "object in an object"), ('{"type":"pointer_enter","x":0.5}', "needs y"),
    ('{"type":"resize","width":400,"height":300,"pwidth":800}', "unknown key 'pwidth'"),
    ('{"type":"resize","width":1,"height":1,"pwidth":80.5,"pheight":1}', "width must be"),
    ('{"type":"pointer_down","x":1e99,"y":0}', "x must be"), ('{"type":"pointer_down","x":1e400,"y":0}', "x must be"),
    ('{"type":"pointer_down","x":' + "9" * 20 + ',"y":0}', "x must be"),
    ('{"type":"pointer_down","x":' + "9" * 300 + ',"y":0}', "JSON|long"),
    ('{"type":"pointer_down","x":"0.5","y":0}', "x must be a number"), ('{"type":"pointer_down","x":0.5}', "needs y"),
    ('{"type":"pointer_down","x":320.5,"y":0}', "fraction of the image, not pixels"), ('{"type":"wheel","x":0,"y":0}', "dx or dy"),
    ('{"type":"resize","width":0,"height":1}', "width must be"), ('{"type":"resize","width":65501,"height":1}', "width must be"),
    ('{"type":"resize","width":1.5,"height":1}', "width must be"),
    ('{"type":"resize","width":1,"height":1,"ratio":0}', "ratio must be"),
    ('{"type":"ack"}', "ack needs seq"), ('{"type":"ack","seq":"1"}', "ack needs seq"), ('{"type":"ack","seq":-1}', "seq must be"),
    ('{"type":"ack","seq":1e3}', "seq must be"), ('{"type":"ack","seq":12345678901234567890}', "seq must be"),
    ('{"type":"ack","seq":1,"x":1}', "only seq"), ('{"type":"ping"}', "ping needs t"), ('{"type":"ping","t":"1"}', "ping needs t"),
    ('{"type":"ping","t":' + "1" * 32 + "}", "JSON|long"),
    ('{"type":"hello","x":1}', "only parts and name"), ('{"type":"hello","parts":false}', "parts must be"), ('{"type":"hello","parts":1}', "parts must be"),
    ('{"type":"hello","parts":"true"}', "parts must be"), ('{"type":"hello","parts":[true]}', "empty"), ('{"type":"hello","name":1}', "name must be"),
    ('{"type":"hello","name":"%s"}' % ("a" * 33), "name must be"),
    ('{"type":"hello","name":"a\\u0007"}', "name must be"),
    ('{"type":"hello","name":"a","x":1}', "only parts and name"),
    ('{"type":"control"}', "needs want"), ('{"type":"control","want":1}', "needs want"),
    ('{"type":"control","want":["ask"]}', "needs want"), ('{"type":"control","want":"Ask"}', "knows no 'Ask'"),
    ('{"type":"control","want":""}', "knows no ''"), ('{"type":"control","want":"' + "w" * 90 + '"}', "knows no 'www"),
    ('{"type":"control","want":"ask","to":1}', "ask takes only want"), ('{"type":"control","want":"take","x":1}', "take takes only want"),
    ('{"type":"control","want":"give"}', "give needs to"), ('{"type":"control","want":"give","to":"1"}', "give needs to"),
    ('{"type":"control","want":"give","to":1,"x":1}', "give takes only to"), ('{"type":"control","want":"give","to":0}', "number of a viewer"),
    ('{"type":"control","want":"give","to":-1}', "number of a viewer"), ('{"type":"control","want":"give","to":1.0}', "number of a viewer"),
    ('{"type":"control","want":"give","to":4294967296}', "number of a viewer"),
    ('{"type":"control","want":"give","to":18446744073709551617}', "number of a viewer"),
    ('[{"type":"control","want":"ask"},{"type":"control","want":"beg"}]', "knows no 'beg'"),
    ('{"type":"weel"}', "deltaY must be"), ('{"type":"weel","deltaY":"1"}', "deltaY must be"),
    ('{"type":"weel","deltaY":1e9}', "dy must be"), ('{"type":"mouseMove","x":1}', "y must be"),
    ('{"type":"mouseMove","x":1,"y":1,"ctrlKey":2}', "ctrlKey must be"), ('{"type":"mouseMove","x":1,"y":1,"shiftKey":true}', "shiftKey must be"),
    ('{"type":"mouseLeftClick","x":1,"y":1,"on":1}', "mouseButton must be"),
    ('{"type":"mouseLeftClick","x":1,"y":1,"on":2,"mouseButton":0}', "on must be"),
    ('{"type":"mouseLeftClick","x":1,"y":1,"on":1,"mouseButton":5}', "mouseButton must be"),
    ('{"type":"mouseLeftClick","x":1,"y":1,"on":1,"mouseButton":10}', "mouseButton must be"),
    ('[' + ",".join(['{"type":"ack","seq":1}'] * 65) + ']', "more than 64"),
    ('{"type":"ack",' + ",".join('"a%d":1' % i for i in range(24)) + "}", "more than 24"),
    # one invalid message refuses all
    ('[{"type":"ack","seq":1},{"type":"nack"}]', "unknown type 'nack'"),
    ('[{"type":"key_up","key":"a"},3]', "not an object"),
    ("[" * 1000, "nested deeper"), ('{"a":' * 1000, "nested deeper"), ("[" * 2000 + "]" * 2000, "nested deeper"),
    (" " * 70000, "longer than 65536"),
]


def strict(text):
    """Python's reader, without its extensions to JSON."""
    def no(what):
        raise ValueError(what)
    return json.loads(text.decode("utf-8"), parse_constant=no)


def check_table():
    for (text, want), got in zip(ACCEPTED, ask([t for t, _ in ACCEPTED])):
        if got != want:
            yield f"{text!r}: {got}, not {want}"
    for (text, want), got in zip(REFUSED, ask([t for t, _ in REFUSED])):
        if len(got) != 1 or not got[0].startswith("NO ") or \
                not any(w in got[0] for w in want.split("|")):
            yield f"{text[:100]!r}: {got}, not NO …{want}…"


def check_round():
    """The JSON of events is valid, and reads back as the same events."""
    run = [EVENTS, "json", "7", "20000"]
    lines = subprocess.run(run, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    run[1] = "text"
    texts = subprocess.run(run, stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    for line, text, got, again in zip(lines, texts, ask(lines),
                                      ask(json.dumps(strict(line)) for line in lines)):
        if got != [text]:
            yield f"{line!r}: {got}, not {text!r}"
        # Python's floats lose nanoseconds of t, and Python escapes non-ASCII characters.
        if len(again) != 1 or again[0].split(" t=")[0] != text.split(" t=")[0]:
            if "e-" not in line.split('"t":')[-1] and not needs_exponent(line):
                yield f"{line!r} by way of Python: {again}, not {text!r}"


def needs_exponent(line):
    return b"e-" in json.dumps(strict(line).get("t", 0)).encode()


def check_damage():
    """Texts that are accepted after random damage are valid JSON to Python too."""
    rng = random.Random(11)
    seeds = [t.encode() for t, _ in ACCEPTED if len(t) < 1000]
    pieces = [b",", b'"', b"[", b"]", b"{", b"}", b":", b"0", b"-", b".", b"e", b"#", b"\\", b"\\u0041",
              b"\n", b" ", b"true", b"null", b"\x00", b"\xff", b"1", b'"x":', b",1", b"[]", b"{}", b"." + b"1" * 25,
              b"0" * 25]
    texts = []
    for _ in range(60000):
        t = bytearray(rng.choice(seeds))
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(t) + 1)
            end = min(len(t), at + rng.choice([0, 0, 1, 1, 2, 9]))
            t[at:end] = rng.choice(pieces + [b""] * 5)
        texts.append(bytes(t))
    accepted = 0
    for text, got in zip(texts, ask(texts)):
        if got and got[0].startswith("NO "):
            continue
        accepted += 1
        try:
            whole = strict(text)
        except ValueError as why:
            yield f"{text!r} is invalid JSON ({why}) but gave {got}"
            continue
        whole = whole if isinstance(whole, list) else [whole]
        if len(whole) != len(got):
            yield f"{text!r}: {got}"
    if not 1000 < accepted < 50000:
        yield f"{accepted} of 60000 damaged texts were accepted"


wrong = 0
for check in check_table, check_round, check_damage:
    for problem in check():
        wrong += 1
        if wrong <= 20:
            print(f"{check.__name__}: {problem}")
sys.exit(1 if wrong else 0)
