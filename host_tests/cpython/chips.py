"""What Python has and the chips' MicroPython has not: one table, and the rule that reads it.

ROWS: kind, what (words of one kind, parted by spaces), why, probe. A probe is a statement that fails on
MicroPython's unix port and works on CPython: the test runs it on both, with {} replaced by the word (by the
argument for a keyword). No probe: the unix port has it but a chip has not; rows of WHY_ESP8266 are what
ports/esp8266/mpconfigport.h of MicroPython switches off.

Kinds: method (called on anything), attr (read from anything), name (a builtin), module (imported), member
(module.name), keyword (function.argument), syntax (a checker of SYNTAX below).
"""

import ast

import house

WHY_ESP8266 = "the ESP8266 build leaves it out (mpconfigport.h)"
_NO_STR = "str and bytes have no such method"
_POSITION = "builtin functions take this by position only"
_STOCK = "not in stock builds"

ROWS = (
    ("method", "ljust rjust zfill removeprefix removesuffix casefold isidentifier isprintable isdecimal "
     "isnumeric isalnum isascii istitle expandtabs title capitalize swapcase translate format_map",
     _NO_STR, "'a'.{}"),
    ("method", "maketrans", _NO_STR, "str.{}"),
    ("method", "center partition rpartition splitlines", WHY_ESP8266, ""),
    ("method", "bit_length bit_count as_integer_ratio conjugate", "int has no such method", "(5).{}"),
    ("method", "tobytes tolist cast", "use bytes() or list()", "memoryview(b'a').{}"),
    ("attr", "nbytes itemsize", "use len()", "memoryview(b'a').{}"),
    ("method", "frombytes byteswap", "array has no such method", "import array; array.array('B').{}"),
    ("attr", "typecode", "array does not tell", "import array; array.array('B').{}"),
    ("method", "hexdigest", "use binascii.hexlify(h.digest())", "import hashlib; hashlib.sha256(b'').{}"),
    ("attr", "tm_year tm_mon tm_mday tm_hour tm_min tm_sec tm_wday", "time gives a plain tuple",
     "import time; time.gmtime(0).{}"),
    ("attr", "st_size st_mtime st_mode", "os.stat gives a plain tuple", "import os; os.stat('/').{}"),
    ("attr", "strerror", "OSError has only errno", "OSError(2, 'x').{}"),
    ("attr", "__cause__ __traceback__ __context__", "exceptions are not chained", "ValueError().{}"),
    ("method", "with_traceback", "exceptions are not chained", "ValueError().{}"),
    ("method", "getsockname getpeername", "sockets do not tell", "import socket; socket.socket().{}"),
    ("name", "ascii breakpoint format vars aiter anext", "no such builtin", "{}"),
    ("name", "slice", "cannot be made by hand", "{}(1, 2)"),
    ("name", "TimeoutError ConnectionError ConnectionResetError BrokenPipeError FileNotFoundError IOError "
     "FileExistsError PermissionError InterruptedError BlockingIOError", "catch OSError", "{}"),
    ("name", "UnicodeDecodeError UnicodeEncodeError", "catch UnicodeError", "{}"),
    ("name", "RecursionError ModuleNotFoundError ExceptionGroup Warning DeprecationWarning", "no such class",
     "{}"),
    ("name", "complex compile execfile __file__ " + "Not" + "Implemented", WHY_ESP8266, ""),
    ("module", "__future__ abc base64 bisect calendar codecs configparser contextlib copy csv dataclasses "
     "datetime decimal enum fractions functools glob gzip hmac html http importlib inspect itertools "
     "logging operator pathlib pickle queue secrets shutil signal statistics string subprocess tempfile "
     "textwrap threading traceback types typing urllib uuid warnings weakref zlib", _STOCK, "import {}"),
    ("module", "collections.abc os.path", _STOCK, "import {}"),
    ("member", "collections.defaultdict collections.Counter collections.ChainMap",
     "only deque, namedtuple and OrderedDict", "import collections; {}"),
    ("member", "re.findall re.fullmatch re.finditer re.split re.escape re.IGNORECASE", "re is small",
     "import re; {}"),
    ("member", "time.monotonic time.monotonic_ns time.perf_counter time.process_time time.strftime "
     "time.timezone", "use ticks_ms and ticks_diff", "import time; {}"),
    ("member", "time.time time.gmtime time.localtime time.mktime",
     "the epoch differs: 2000 on chips, 1970 on unix; only port.py and clock.py know", ""),
    ("member", "os.environ os.makedirs os.replace os.walk os.scandir os.access os.getpid os.cpu_count "
     "os.fsync os.SEEK_SET os.path", "os is small", "import os; {}"),
    ("member", "asyncio.Queue asyncio.to_thread asyncio.TaskGroup asyncio.timeout asyncio.wait "
     "asyncio.as_completed asyncio.shield asyncio.Semaphore asyncio.Condition asyncio.Future "
     "asyncio.ensure_future asyncio.get_running_loop asyncio.all_tasks asyncio.IncompleteReadError",
     "asyncio is small", "import asyncio; {}"),
    ("member", "json.JSONDecodeError", "catch ValueError", "import json; {}"),
    ("member", "struct.Struct struct.iter_unpack", "use pack_into, unpack_from", "import struct; {}"),
    ("member", "socket.create_connection socket.gethostname socket.timeout socket.error socket.SHUT_RDWR "
     "socket.inet_aton", "socket is small", "import socket; {}"),
    ("member", "select.select select.epoll", "use select.poll", "import select; {}"),
    ("member", "sys.getsizeof sys.intern sys.getrecursionlimit sys.flags", "sys is small", "import sys; {}"),
    ("member", "io.BufferedReader io.TextIOWrapper", "io is small", "import io; {}"),
    ("member", "errno.EPIPE", "write the number", "import errno; {}"),
    ("member", "hashlib.new hashlib.sha512 hashlib.pbkdf2_hmac", _STOCK, "import hashlib; {}"),
    ("member", "binascii.crc_hqx", _STOCK, "import binascii; {}"),
    ("member", "random.Random random.sample random.shuffle", "random is small", "import random; {}"),
    ("member", "binascii.crc32 random.choice random.randint random.randrange random.uniform random.random "
     "math.pi math.e", WHY_ESP8266, ""),
    ("keyword", "zip.strict", _POSITION, "zip([1], [2], {}=True)"),
    ("keyword", "from_bytes.byteorder", _POSITION, "int.from_bytes(b'', {}='big')"),
    ("keyword", "from_bytes.signed", "there is no signed from_bytes", "int.from_bytes(b'', 'big', {}=True)"),
    ("keyword", "split.sep", _POSITION, "'a'.split({}=',')"),
    ("keyword", "split.maxsplit", _POSITION, "'a'.split(',', {}=1)"),
    ("keyword", "sum.start", _POSITION, "sum([1], {}=1)"),
    ("keyword", "print.flush", "print does not flush", "print(end='', {}=True)"),
    ("keyword", "open.newline open.errors", "open has no such argument", "open('/dev/null', {}=None)"),
    ("keyword", "dumps.indent dumps.sort_keys dumps.default dumps.ensure_ascii",
     "dumps has no such argument", "import json; json.dumps(1, {}=None)"),
    ("keyword", "loads.object_hook", "loads takes only the text", "import json; json.loads('1', {}=None)"),
    ("keyword", "unpack_from.offset", _POSITION, "import struct; struct.unpack_from('B', b'a', {}=0)"),
    ("syntax", "match", "write if and elif", "match 1:\n case 1: pass"),
    ("syntax", "positional_only", "no / among parameters", "def f(a, /): pass"),
    ("syntax", "star_in_display", "write list(a) + list(b)", "[*[1], *[2]]"),
    ("syntax", "dict_in_display", "use update()", "{**{1: 1}}"),
    ("syntax", "async_comprehension", "write the loop", "async def f():\n return [x async for x in f]"),
    ("syntax", "metaclass", "a class takes no keywords", "class M(type): pass\nclass A(metaclass=M): pass"),
    ("syntax", "raise_from", "exceptions are not chained",
     "try:\n raise ValueError from KeyError()\nexcept ValueError as e:\n assert e.__cause__"),
    ("syntax", "step", "octets, str and tuple take no slice with a step", "b'abcd'[::2]"),
    ("syntax", "encoding", "the name is not looked at: all is UTF-8",
     "assert '\\xe5'.encode('latin-1') == b'\\xe5'"),
    ("syntax", "decode_errors", "what is no UTF-8 always raises", "b'\\xe5'.decode('utf-8', 'replace')"),
    ("syntax", "regex", "no {n}, (?...) or \\b in re", "import re; assert re.match('a{2}', 'aa')"),
    ("syntax", "aes_ctr", "cryptolib has ECB and CBC only; mode 6 is off everywhere",
     "import cryptolib; cryptolib.aes(bytes(16), 6, bytes(16))"),
)

# Files that keep the epoch from the others.
EPOCH_FILES = ("firmware/app/port.py", "firmware/app/clock.py")
_EPOCH = ("time.time", "time.gmtime", "time.localtime", "time.mktime")


def _called(node):
    """Last word of what a call calls: "b" of a.b()."""
    return getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""


def _texts(node):
    """The text constants among a call's arguments, None for any other argument."""
    values = [*node.args, *(k.value for k in node.keywords)]
    return [v.value if isinstance(v, ast.Constant) and isinstance(v.value, str) else None for v in values]


def _plain(text):
    return text is None or text.lower().replace("-", "").replace("_", "") in ("utf8", "ascii")


def _encoding(node):
    method = isinstance(getattr(node, "func", None), ast.Attribute)
    first = ({"encode": 0, "decode": 0} if method else {"str": 1, "bytes": 1}).get(_called(node))
    return first is not None and not all(_plain(text) for text in _texts(node)[first : first + 1])


def _starred(node):
    display = isinstance(node, (ast.List, ast.Tuple)) and isinstance(node.ctx, ast.Load)
    return (display or isinstance(node, ast.Set)) and any(isinstance(e, ast.Starred) for e in node.elts)


def _regex(node):
    hit = _called(node) in ("match", "search", "sub") and ast.unparse(node.func).startswith("re.")
    text = _texts(node)[:1] if hit or ast.unparse(node).startswith("re.compile(") else [None]
    marks = ("(?", "\\b", *(f"{{{n}" for n in range(10)))
    return any(text) and any(mark in text[0] for mark in marks)


SYNTAX = {
    "match": lambda n: isinstance(n, ast.Match),
    "positional_only": lambda n: isinstance(n, ast.arguments) and n.posonlyargs,
    "star_in_display": _starred,
    "dict_in_display": lambda n: isinstance(n, ast.Dict) and None in n.keys,
    "async_comprehension": lambda n: isinstance(n, ast.comprehension) and n.is_async,
    "metaclass": lambda n: isinstance(n, ast.ClassDef) and n.keywords,
    "raise_from": lambda n: isinstance(n, ast.Raise) and n.cause and ast.unparse(n.cause) != "None",
    "step": lambda n: isinstance(n, ast.Slice) and n.step,
    "encoding": _encoding,
    "decode_errors": lambda n: _called(n) == "decode" and isinstance(n.func, ast.Attribute)
    and len(_texts(n)) > 1,
    "regex": lambda n: isinstance(n, ast.Call) and _regex(n),
    "aes_ctr": lambda n: _called(n) == "aes" and len(n.args) > 1 and ast.unparse(n.args[1]) == "6",
}


def _lookup(only_unix):
    """{kind: {word: why}} of the table; only_unix leaves out what a chip lacks but the unix port has."""
    table = {kind: {} for kind in ("method", "attr", "name", "module", "member", "keyword", "syntax")}
    for kind, what, why, probe in ROWS:
        if probe or not only_unix:
            table[kind].update(dict.fromkeys(what.split(), why))
    return table


def _words(node, tree_names):
    """Yield (kind, word) that this node could be in the table."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            yield "method", node.func.attr
        for keyword in node.keywords:
            yield "keyword", f"{_called(node)}.{keyword.arg}"
    if isinstance(node, ast.Attribute):
        yield "attr", node.attr
        if isinstance(node.value, ast.Name):
            yield "member", f"{node.value.id}.{node.attr}"
    if isinstance(node, ast.Name) and node.id not in tree_names:
        yield "name", node.id
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield "module", alias.name
            yield "module", alias.name.split(".")[0]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield "module", node.module
        yield "module", node.module.split(".")[0]
        for alias in node.names:
            yield "module", f"{node.module}.{alias.name}"
            yield "member", f"{node.module}.{alias.name}"
    for word, check in SYNTAX.items():
        if check(node):
            yield "syntax", word


def _bound(tree):
    """Names that the file itself gives a meaning."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
    return names


def lacking(source):
    """Rule: nothing that the chips lack, except where only CPython comes."""
    table = _lookup(only_unix=source.room == "tools")
    bound = _bound(source.tree)
    line = 1
    for node, cpython, _ in house.walk(source.tree):
        line = getattr(node, "lineno", line)
        for kind, word in dict.fromkeys(_words(node, bound)) if not cpython else ():
            if source.path in EPOCH_FILES and word in _EPOCH:
                continue
            if word in table[kind]:
                yield line, f"MicroPython on a chip lacks {word} ({kind}): {table[kind][word]}"
