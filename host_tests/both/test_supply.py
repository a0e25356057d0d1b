"""lib/supply.py: each policy at its limits, hysteresis, and numbers that cannot be true."""

import supply
from supply import Supply


def _walk(s, steps):
    """Levels after each of (mv, uptime)."""
    levels = []
    for mv, up in steps:
        s.measured(mv, up)
        levels.append(s.level)
    return levels


def test_levels_of_a_bus_board():
    """Falls of 100, 200 and 350 mV below full, which is 3280 until more is seen."""
    s = Supply("bus")
    assert _walk(s, [(3280, 1), (3181, 2), (3180, 3), (3081, 4), (3080, 5), (2931, 6), (2930, 7)]) == [
        supply.GOOD, supply.GOOD, supply.SAVING, supply.SAVING, supply.LOW, supply.LOW, supply.RESTING,
    ]  # fmt: skip


def test_each_level_sheds_more():
    """Publications and page polls get no more frequent, the radio no more awake, each has its own words."""
    rows = [supply.level_row(level) for level in range(4)]
    for k in range(3):
        assert rows[k + 1][0] >= rows[k][0] and rows[k + 1][1] >= rows[k][1] and rows[k + 1][2] >= rows[k][2]
        assert rows[k + 1][3] != rows[k][3]
    assert rows[0][0] == 0 and rows[0][2] == supply.AWAKE and rows[3][2] == supply.OFF


def test_hysteresis():
    """A level is left only when it is 50 mV better: the radio's own swing does not flap it."""
    s = Supply("bus")
    assert _walk(s, [(3180, 1), (3190, 2), (3229, 3), (3231, 4), (3181, 5), (3180, 6)]) == [1, 1, 1, 0, 0, 1]
    assert _walk(s, [(2900, 7), (2979, 8), (2981, 9), (3129, 10), (3131, 11)]) == [3, 3, 2, 2, 1]


def test_take_tells_a_change():
    """True only when the level is another one than before."""
    s = Supply("bus")
    assert not s.measured(3280, 1)
    assert s.measured(3100, 2)
    assert not s.measured(3101, 3)
    assert s.measured(3280, 4)


def test_full_is_learned():
    """A board whose ADC reads low has the same falls; one that reads high is held to 3300."""
    s = Supply("bus")
    s.measured(3400, 1)
    assert s.full == 3300
    s = Supply("bus")
    s.measured(3295, 1)
    assert s.full == 3295 and s.fall() == 0


def test_numbers_that_cannot_be():
    """4.2 V on a 3.3 V chip limits nothing and is said to be wrong."""
    s = Supply("bus")
    for mv in (4200, 0, 65535):
        assert not s.measured(mv, 1)
        assert s.believed() is None and s.level == supply.GOOD
        assert str(mv) in s.in_words() and "cannot be" in s.in_words()
        assert not s.boot_waits(0) and not s.update_refused()
    s.measured(2900, 2)
    assert s.level == supply.RESTING
    assert s.measured(None, 3) and s.level == supply.GOOD
    assert "not measured" in s.in_words()


def test_a_lowest_level_that_lasts_is_doubted():
    """The radio does not stay off for ever on a measurement that may be wrong."""
    s = Supply("bus")
    assert _walk(s, [(2900, 1), (2900, 121), (2900, 122), (2900, 130)]) == [3, 3, 2, 2]
    assert "for long" in s.in_words()
    assert _walk(s, [(2990, 140), (2900, 150)]) == [2, 2]
    assert _walk(s, [(3270, 160), (2900, 170)]) == [0, 3]


def test_boot_waits_and_gives_up():
    """Full at once; else longer, with a limit that eases, and never beyond its time."""
    s = Supply("bus")
    assert not s.boot_waits(0), "nothing measured, nothing waited for"
    s.measured(3260, 1)
    assert not s.boot_waits(0)
    s.measured(3200, 1)
    assert s.boot_waits(0) and s.boot_waits(14) and not s.boot_waits(15)
    s.measured(2600, 1)
    assert s.boot_waits(29) and not s.boot_waits(30)


def test_update():
    """Refused in a sentence that tells both voltages; allowed at the limit."""
    s = Supply("bus")
    s.measured(3180, 1)
    assert s.update_refused() == ""
    s.measured(3179, 2)
    words = s.update_refused()
    assert "3179 mV" in words and "3180 mV" in words and "USB" in words


def test_mains():
    """Nothing is ever limited, the number is shown."""
    s = Supply("mains")
    assert _walk(s, [(3300, 1), (2600, 2)]) == [0, 0]
    assert not s.boot_waits(0) and not s.update_refused()
    assert s.in_words() == "the supply is at 2600 mV"


def test_limits_of_the_board():
    """A board's own numbers go before those of the kind, and mains with numbers is no mains."""
    s = Supply("mains", boot_mv=3200, shed_mv=3100, update_mv=3150)
    s.measured(3300, 1)
    s.measured(3150, 2)
    assert s.boot_waits(0) and not s.update_refused() and s.level == supply.SAVING
    s.measured(3149, 3)
    assert s.update_refused()
    s.measured(3100, 4)
    assert s.level == supply.LOW
    s.measured(2950, 5)
    assert s.level == supply.RESTING


def test_all_kinds_hold_together():
    """Each row: levels rise, leaving one needs less than the step to it."""
    assert supply.kinds() == ["mains", "bus", "module"]
    for kind in supply.kinds():
        _, wait, save, shed, rest, back, _ = supply._row(kind)
        assert wait <= 30
        assert (save == shed == rest == back == 0) or 0 < back < save < shed < rest
    try:
        Supply("perpetual")
    except ValueError:
        return
    raise AssertionError("an unknown kind was taken")


def test_median():
    """Of any order, without the outliers; sorts in place."""
    samples = [3300, 0, 3290, 65535, 3310]
    assert supply.median(samples, 5) == 3300
    assert samples == [0, 3290, 3300, 3310, 65535]
    assert supply.median([5], 1) == 5
    assert supply.median([9, 1, 7, 99], 3) == 7


def test_divider():
    """1.32 V behind 22 and 33 kilo-ohm are 3.3 V; without a divider it is the pin's own."""
    assert supply.divided(1320, 22, 33) == 3300
    assert supply.divided(3300, None, None) == 3300
