"""Totals that never fall: every way in which a counter has gone wrong in somebody's dashboard."""

from formats_meter import Meter

from hanport import reading, registers
from hanport.reading import Reading
from totals import ANEW, FALLS, HELD, MOST_W, REPEATED, SIZE, Totals, is_total

IN = registers.E_IMPORT
OUT = registers.E_EXPORT
METER = b"7359991234567890"
NOON = 1721041200


class Watch:
    """A meter, and what its dashboard is given."""

    def __init__(self, totals=None, meter=METER):
        self.totals = totals or Totals()
        self.meter = meter
        self.up = 0
        self.state = Reading(merged=True)
        self.answer = 0

    def says(self, seconds, total=None, power=None, export=None, state=reading.SENT, now=None, utc=None):
        """A telegram after so many seconds; returns what is left of its total."""
        self.up += seconds
        r = Reading()
        if self.meter:
            r.set_text(reading.METER_ID, self.meter, 0, len(self.meter))
        for register, value in ((IN, total), (OUT, export)):
            if value is not None:
                r.keep(register, value)
                r.have[register] = state
        if power is not None:
            r.put(registers.P_IMPORT, power, 0, reading.SENT)
        r.utc = utc
        self.answer = self.totals.review(r, self.up, now)
        self.totals.fill_in(self.state, self.up)
        self.state.merge(r, self.up)
        return r.get(IN)

    def draws(self, watts, seconds):
        """Power alone, each 10 s."""
        for _ in range(seconds // 10):
            self.says(10, None, watts)

    def counts(self):
        """(falls, jumps, repeats, anew)."""
        t = self.totals
        return tuple(t.numbers[FALLS : ANEW + 1])


def test_which():
    """The counters of Wh and varh, and nothing else."""
    assert [r for r in range(registers.COUNT) if is_total(r)] == list(range(36, 71))
    assert MOST_W == 63 * 3 * 400


def test_all_well():
    """A meter without faults is never touched."""
    watch = Watch()
    for k in range(100):
        assert watch.says(10, 5000000 + 200 * k, 70000) == 5000000 + 200 * k and not watch.answer
    for k in range(1, 21):
        assert watch.says(3600, 5019800 + 75000 * k) == 5019800 + 75000 * k
    assert watch.counts() == (0, 0, 0, 0) and watch.totals.sentences() == [] and watch.totals.held_back() == 0
    assert watch.totals.safe(IN) == 6519800 and watch.totals.safe(OUT) is None
    assert watch.totals.safe(registers.P_IMPORT) is None


def test_falls():
    """To 0, by a little, below 0: held back, counted once, and what comes after is as before."""
    for wrong in (0, 11999999, -5):
        watch = Watch()
        assert watch.says(10, 12000000) == 12000000
        assert watch.says(10, wrong) is None and watch.answer == HELD
        assert watch.says(10, wrong) is None
        assert watch.totals.safe(IN) == 12000000 and watch.state.get(IN) == 12000000
        assert watch.says(10, 12000020) == 12000020 and watch.answer == 0
        assert watch.counts() == (1, 0, 0, 0)
        assert watch.totals.sentences() == ["A total that fell was held back once."]
    watch = Watch()  # the other values of the telegram stay
    watch.says(10, 500000, 100, 7000)
    assert watch.says(10, 400000, 2345, 7001) is None
    assert watch.state.get(OUT) == 7001 and watch.state.get(registers.P_IMPORT) == 2345


def test_jumps():
    """More than the main fuse lets through in the time since the total last rose."""
    # 75600 W: 210 Wh in 10 s, 315 in 15 s with the 5 s that clocks may be off; and two steps of the counter.
    for rise, good in ((300, True), (317, True), (318, False), (4000000000, False)):
        watch = Watch()
        watch.says(10, 12000001)
        assert watch.says(10, 12000001 + rise) == (12000001 + rise if good else None), rise
        assert watch.counts() == (0, 0 if good else 1, 0, 0)
    # A counter of whole kWh goes by steps.
    watch = Watch()
    watch.says(10, 12000000)
    assert watch.says(10, 12001000) == 12001000
    # After an hour without a rise there is an hour's room, and no more.
    watch = Watch()
    watch.says(10, 12000001)
    for _ in range(360):
        watch.says(10, 12000001)
    assert watch.says(10, 12000001 + 75600) == 12075601
    watch = Watch()
    watch.says(10, 12000001)
    assert watch.says(3600, 12000001 + 80000) is None
    words = "A total that rose by more than the main fuse lets through was held back once."
    assert watch.totals.sentences() == [words]
    watch = Watch()
    watch.totals.most = 400000  # a larger house
    watch.says(10, 12000001)
    assert watch.says(3600, 12000001 + 380000) == 12380001


def test_a_day_is_the_truth():
    """A meter that stays with what it says, without a fall, is believed after a day."""
    watch = Watch()
    watch.says(10, 12000001)
    for k in range(24):
        assert watch.says(3600, 5001 + k) is None, k
    assert watch.says(3600, 5100) == 5100
    assert watch.counts() == (1, 0, 0, 1) and watch.totals.safe(IN) == 5100
    # One that falls again and again is not.
    watch = Watch()
    watch.says(10, 12000001)
    for k in range(60):
        assert watch.says(3600, 5001 - k) is None
    # Nor is one below 0, ever.
    for _ in range(60):
        assert watch.says(3600, -1) is None
    assert watch.counts() == (1, 0, 0, 0)


def test_another_meter():
    """Its totals start anew, whatever they are."""
    watch = Watch()
    watch.says(10, 12000001)
    watch.meter = b"1111"
    assert watch.says(10, 700) == 700
    assert watch.says(10, 710) == 710
    assert watch.counts() == (0, 0, 0, 1)
    words = "Totals started anew, with another meter or after a day of the meter's word, once."
    assert watch.totals.sentences() == [words]


def test_scale_that_is_proven():
    """A total whose unit was only assumed gives way to the one with its unit."""
    watch = Watch()
    watch.says(10, 1200000, None, None, reading.ASSUMED)
    assert watch.says(10, 12000010) == 12000010
    assert watch.says(10, 1200002) is None
    assert watch.counts() == (1, 0, 0, 0)


def test_repeated_hour():
    """Aidon: the hourly list comes with the counters of the hour before, while power flowed."""
    watch = Watch()
    watch.says(10, 12000010, 2000, 500)
    watch.draws(2000, 3590)
    assert watch.says(10, 12000010, 2000, 500) is None and watch.answer == REPEATED
    assert watch.state.get(OUT) == 500
    watch.draws(2000, 3590)
    assert watch.says(10, 12004010, 2000, 500) == 12004010 and watch.answer == 0
    assert watch.counts() == (0, 0, 1, 0)
    assert watch.totals.sentences() == [
        "An hourly list with the counters of the one before it was left out once."
    ]
    # Nothing was drawn: the same counters are the truth.
    watch.draws(0, 3590)
    assert watch.says(10, 12004010, 0, 500) == 12004010
    # 90 Wh may have moved nothing but a counter of 100 Wh; 110 Wh move one of 10 Wh.
    watch.draws(90, 3590)
    assert watch.says(10, 12004010, 90, 500) == 12004010
    watch.draws(110, 3590)
    assert watch.says(10, 12004010, 110, 500) is None
    # A counter of whole kWh stands still for 1.5 kWh, not for 3.
    watch = Watch()
    watch.says(10, 12000000, 1500)
    watch.draws(1500, 3590)
    assert watch.says(10, 12000000, 1500) == 12000000
    watch.draws(3000, 3590)
    assert watch.says(10, 12000000, 3000) is None
    # Lists each 10 s whose counters step once a quarter of an hour are no repetition.
    watch = Watch()
    for k in range(720):
        assert watch.says(10, 12000010 + k // 90 * 1000, 4000) is not None, k
    assert watch.counts() == (0, 0, 0, 0)
    # A day without power readings tells nothing.
    watch = Watch()
    watch.says(10, 12000010, 2000)
    assert watch.says(3600, 12000010, 2000) == 12000010
    # The four lists of UA#1119: the third is the second again, an hour later and with its clock.
    watch = Watch()
    lists = ((4027, 109552250, 15), (319, 109554020, 16), (12633, 109554020, 16), (763, 109562070, 18))
    left = [watch.says(3600, total, power, utc=1765670400 + 3600 * hour) for power, total, hour in lists]
    assert left == [109552250, 109554020, None, 109562070] and watch.counts() == (0, 0, 1, 0)
    # What goes out counts as well.
    watch = Watch()
    watch.says(10, 12000010, 0, 500)
    for _ in range(359):
        watch.up += 10
        r = Reading()
        r.put(registers.P_EXPORT, 3000, 0, reading.SENT)
        watch.totals.review(r, watch.up, None)
    assert watch.says(10, 12000010, 0, 500) is None and watch.answer == REPEATED


def test_over_a_restart():
    """Totals come back from flash, not as 0 and not as the meter's first wrong ones."""
    watch = Watch()
    watch.says(10, 12000010, None, 500)
    kept = watch.totals.to_flash(10, NOON)
    assert len(kept) == SIZE == 370 and not watch.totals.changed
    totals = Totals()
    assert totals.from_flash(kept)
    # The meter's id is awaited: the device may have moved.
    assert totals.safe(IN) is None
    watch = Watch(totals)
    watch.draws(100, 10)
    assert totals.safe(IN) == 12000010
    assert watch.state.get(IN) == 12000010 and watch.state.have[IN] == reading.DERIVED
    assert watch.state.get(OUT) == 500 and watch.state.at[OUT] == 10
    assert watch.says(10, 0) is None and watch.state.get(IN) == 12000010
    # Off for an hour at most, by the clock: 2 h and 20 s of the main fuse, 151.5 kWh.
    assert watch.says(0, 12000010 + 152000, now=NOON + 3620) is None
    assert watch.says(0, 12000010 + 151000, now=NOON + 3620) == 12151010
    assert watch.state.have[IN] == reading.SENT
    # Nobody knows for how long: a month of it.
    totals = Totals()
    totals.from_flash(kept)
    watch = Watch(totals)
    assert watch.says(10, 12000010 + 54000000) == 66000010
    totals.from_flash(kept)
    assert Watch(totals).says(10, 12000010 + 56000000) is None
    totals.from_flash(kept)
    watch = Watch(totals, b"1111")  # another meter
    assert watch.says(10, 77) == 77 and watch.state.get(OUT) is None and totals.safe(OUT) is None
    watch = Watch(None, None)  # one that never tells who it is
    watch.says(10, 5)
    totals = Totals()
    assert totals.from_flash(watch.totals.to_flash()) and totals.safe(IN) == 5


def test_counts_over_a_restart():
    """What was held back is counted on."""
    watch = Watch()
    for total in (12000010, 5, 12000010):
        watch.says(10, total)
    totals = Totals()
    totals.from_flash(watch.totals.to_flash())
    assert list(totals.numbers[FALLS:ANEW]) == [1, 0, 0] and totals.held_back() == 1


def test_octets():
    """Large totals, a long id; no damaged octet is taken."""
    watch = Watch(None, b"9" * 40)
    watch.says(10, 987654321012345)
    kept = watch.totals.to_flash(10, NOON)
    assert bytes(kept[:38]) == b"HPT1\x20" + b"9" * 32 + b"\x01"
    assert bytes(kept[72:80]) == b"\x00\x03\x82\x44\x30\xf6\xfe\x79"
    totals = Totals()
    assert totals.from_flash(kept)
    watch = Watch(totals, b"9" * 40)
    watch.says(10)
    assert totals.safe(IN) == 987654321012345
    for at in range(SIZE):
        bad = bytearray(kept)
        bad[at] ^= 16
        assert not Totals().from_flash(bad), at
    for bad in (b"", kept[:-1], bytes(SIZE)):
        assert not Totals().from_flash(bad)


def test_flash_is_spared():
    """At most one save an hour, and only of something new."""
    watch = Watch()
    saved = []
    for k in range(2000):
        watch.says(10, 12000010 + 10 * k)
        if watch.totals.save_due(watch.up):
            watch.totals.to_flash(watch.up)
            saved.append(watch.up)
    assert saved == [3600, 7200, 10800, 14400, 18000]
    watch.totals.to_flash(watch.up)
    watch.says(7200, 12000010 + 10 * 1999)
    assert not watch.totals.save_due(watch.up)


def test_frames():
    """Our own frames, each twice: nothing of any is held back."""
    for name in ("kaifa/list3-1p", "kamstrup/dk-65", "p1/dsmr5-1p", "aidon/list3-3p4w", "p1/belgian"):
        meter, totals = Meter(), Totals()
        for up in (10, 20):
            meter.sends(name)
            before = bytes(meter.latest.have)
            assert totals.review(meter.latest, up, None) == 0, name
            assert bytes(meter.latest.have) == before, name
        assert totals.safe(IN) == meter.latest.get(IN)
