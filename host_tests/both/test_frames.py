"""Every frame gives its truth, whole and octet by octet; a frame that is not good gives no value."""

import corpus

from hanport import Decoder, fault

_MARKS = ("scale_assumed", "derived", "integrity")


_SIZE = 4096


def _decoder(row):
    """A decoder with the row's keys, if it has any."""
    key = row.get("key") or {}
    both = [corpus.octets_of(key[k]) if key.get(k) else None for k in ("ek", "ak")]
    return Decoder(_SIZE, both[0], both[1])


def _run(row, octets, cut=0):
    """(readings, faults) of a frame, or of a dump that has no framing."""
    decoder = _decoder(row)
    if row["format"] in ("hdlc", "mbus", "dsmr") or corpus.is_line(row):
        return corpus.run(decoder, octets, cut)
    return corpus.run_dump(decoder, octets)


def _check(name, row, got, truth):
    unproven = row.get("uncertain", ())
    assert not corpus.wrong(truth, got, unproven), (name, corpus.wrong(truth, got, unproven))
    for key in unproven:
        if key == "meter_manufacturer" and row["encrypted"]:
            continue  # the system title names the maker
        assert key not in got or key in got.get("scale_assumed", ()), (name, key, "is not marked as assumed")


def test_own_frames():
    """The project's own frames of every framing, cipher and list: all values right, no fault."""
    seen = 0
    for name, octets, row in corpus.own():
        readings, faults = _run(row, octets)
        truths = corpus.truths(row)
        assert not faults, (name, [fault.words(f) for f in faults])
        assert len(readings) == len(truths), name
        for truth, got in zip(truths, readings):
            _check(name, row, got, truth)
        assert _run(row, octets, 1) == (readings, faults), name
        seen += 1
    assert seen > 70


def test_captured_frames():
    """Captured frames: every certain value right, nothing from a frame that is not good, nothing invented."""
    for row in corpus.shared() or ():
        name = row["file"]
        octets = corpus.octets(corpus.SHARED + "/" + name)
        readings, faults = _run(row, octets)
        assert _run(row, octets, 1) == (readings, faults), name
        if row["verdict"] != "ok":
            assert not readings, (name, readings)
            assert faults or row["verdict"] == "garbage", name
            continue
        assert len(readings) == 1, (name, len(readings), [fault.words(f) for f in faults])
        _check(name, row, readings[0], row["expected"])
        extra = [k for k in readings[0] if k not in row["expected"] and k not in _MARKS]
        assert not extra, (name, extra)


def test_captured_verdicts():
    """The named fault of a captured frame that is not good is the first one told."""
    wanted = {
        "truncated": (fault.TRUNCATED,),
        "bad-checksum": (fault.FCS, fault.P1_CRC, fault.TAG),
        "segment": (fault.SEGMENT, fault.BLOCK),
        "needs-key": (fault.NO_KEY,),
    }
    for row in corpus.shared() or ():
        if row["verdict"] in wanted:
            _, faults = _run(row, corpus.octets(corpus.SHARED + "/" + row["file"]))
            assert faults[0] in wanted[row["verdict"]], (row["file"], fault.words(faults[0]))


def test_keys_missing_wrong_and_swapped():
    """No value without the right key; a swap of the two keys is told as such."""
    seen = 0
    for name, octets, row in corpus.own():
        if not row["encrypted"]:
            continue
        key = row["key"]
        control = row["description"]["cipher"].get("sc", "30")
        tagged = control in ("30", "31")
        readings, faults = _run(dict(row, key=None), octets)
        if control != "10":  # 10 is authenticated only: all may read it
            assert not readings and fault.NO_KEY in faults, (name, faults)
            wrong = dict(row, key={"ek": "55" * 16, "ak": key.get("ak")})
            readings, faults = _run(wrong, octets)
            assert not readings, name
            assert faults[0] == (fault.TAG if tagged and key.get("ak") else fault.WRONG_KEY), (name, faults)
        if tagged and key.get("ak"):
            readings, faults = _run(dict(row, key={"ek": key["ak"], "ak": key["ek"]}), octets)
            assert not readings and faults[0] == fault.SWAPPED, (name, faults)
            readings, faults = _run(dict(row, key={"ek": key["ek"]}), octets)
            assert readings and readings[0]["integrity"] == "unverified", name
            readings, faults = _run(row, octets)
            assert readings[0]["integrity"] == "verified", name
        seen += 1
    assert seen > 10
