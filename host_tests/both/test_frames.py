"""Every frame gives its truth, whole and octet by octet; a frame that is not good gives no value."""

import corpus
from hanport import Decoder, fault

_MARKS = ("scale_assumed", "derived", "integrity")


def _keys(row):
    key = row.get("key") or {}
    return [bytes(int(t[k : k + 2], 16) for k in range(0, 32, 2)) if t else None for t in (key.get("ek"), key.get("ak"))]


def test_own_plain_frames():
    """The project's own frames of HDLC and P1: all values right, none invented, no fault."""
    seen = 0
    for name, octets, row in corpus.own("hdlc", "dsmr"):
        if row["encrypted"]:
            continue
        readings, faults = corpus.run(Decoder(2048), octets)
        truths = corpus.truths(row)
        assert not faults, (name, [fault.words(f) for f in faults])
        assert len(readings) == len(truths), name
        for truth, got in zip(truths, readings):
            unproven = row.get("uncertain", ())
            assert not corpus.wrong(truth, got, unproven), (name, corpus.wrong(truth, got, unproven))
            for key in unproven:
                assert key not in got or key in got["scale_assumed"], (name, key)
        assert corpus.run(Decoder(2048), octets, 1) == (readings, faults), name
        seen += 1
    assert seen > 50


def _judged(row):
    """A row that this decoder must get right without keys and without a dump's missing framing."""
    return not row["encrypted"] and row["format"] in ("hdlc", "dsmr")


def test_captured_frames():
    """Captured frames: every certain value right, nothing from a frame that is not good."""
    rows = corpus.shared()
    for row in rows or ():
        octets = corpus.octets(corpus.SHARED + "/" + row["file"])
        readings, faults = corpus.run(Decoder(2048), octets)
        name = row["file"]
        assert corpus.run(Decoder(2048), octets, 1) == (readings, faults), name
        if row["verdict"] != "ok":
            assert not readings, (name, readings)
        elif _judged(row):
            assert len(readings) == 1, (name, len(readings), [fault.words(f) for f in faults])
            got = readings[0]
            unproven = row.get("uncertain", ())
            assert not corpus.wrong(row["expected"], got, unproven), (name, corpus.wrong(row["expected"], got, unproven))
            extra = [k for k in got if k not in row["expected"] and k not in _MARKS]
            assert not extra, (name, extra)
            for key in unproven:
                assert key not in got or key == "meter_manufacturer" or key in got.get("scale_assumed", ()), (name, key)


def test_captured_verdicts():
    """The named fault of a captured frame that is not good."""
    wanted = {
        "truncated": (fault.TRUNCATED,),
        "bad-checksum": (fault.FCS, fault.P1_CRC, fault.HCS, fault.TAG, fault.TRUNCATED),
        "segment": (fault.SEGMENT, fault.BLOCK),
        "garbage": (),
    }
    for row in corpus.shared() or ():
        if row["format"] not in ("hdlc", "dsmr") or row["verdict"] not in wanted or row["encrypted"]:
            continue
        _, faults = corpus.run(Decoder(2048), corpus.octets(corpus.SHARED + "/" + row["file"]))
        for code in faults:
            assert code in wanted[row["verdict"]], (row["file"], fault.words(code))
        assert faults or row["verdict"] == "garbage", row["file"]
