"""What is computed and not sent: scales that no octet tells, the third voltage, totals.

Why each scale rule is safe:

| value | candidates | what decides | why it cannot be wrong |
| --- | --- | --- | --- |
| volts | 1, 0.1, 0.01 V | size of the raw number | mains is 100 to 500 V, so one scale fits |
| Kamstrup amperes | 0.01 A | the maker's two documents | one document for all lists |
| Kaifa Sweden | 0.1 V, mA, Wh | the same meter's positional list | U x I agrees with P |
| energy | Wh, 10 Wh | growth against power drawn | windows 0.7 to 1.4 do not meet; two agree |
| energy till then | by list | the maker's document | named in scale_assumed, shown with a star |
"""

import corpus

from hanport import Decoder, cosem, reading, registers, scale
from hanport.derive import derive
from hanport.reading import Reading


def test_volts_by_size():
    """231 is 231 V, 2311 is 231.1 V, 23110 is 231.10 V."""
    cases = ((2311, -1), (0, 0), (115, 0), (231, 0), (999, 0), (22199, -2))
    for raw, wanted in cases:
        assert cosem._volts_scale(raw) == wanted, raw


def _drive(factor, watts=2400, hours=4, step=10, noise=0):
    """Watch a meter whose counter is shown factor / 10 off; returns (shift, when), or None twice."""
    seen = [None] * 5
    r = Reading()
    wh = 1234560
    for t in range(0, hours * 3600 + 1, step):
        power = watts + (noise * (t // step % 3 - 1))
        r.clear()
        r.put(registers.P_IMPORT, power, 0, reading.SENT)
        wh_now = wh + watts * t // 3600
        if t % 3600 == 0:
            shown = wh_now // 10 * 10
            r.put(registers.E_IMPORT, shown * factor // 10, 0, reading.ASSUMED)
        shift = scale.watch(seen, r, t)
        if shift is not None:
            return shift, t
    return None, None


def test_energy_scale_by_growth():
    """2400 W for an hour are 2400 Wh: shown as such, as 24000 or as 240, the shift is 0, -1 or 1."""
    for factor, shift in ((10, 0), (100, -1), (1, 1)):
        told, sure = _drive(factor, noise=900)
        assert told == shift, factor
        assert sure == 2 * 3600, sure  # the first hour begins it, the second and third... two verdicts


def test_energy_scale_needs_enough():
    """A small load tells nothing within the counter's step; gaps make the power unknown."""
    assert _drive(10, watts=30) == (None, None)
    assert _drive(10, step=45) == (None, None)


def test_energy_scale_odd_growth_says_nothing():
    """A ratio that fits neither candidate (a CT factor of 3, say) is no verdict."""
    assert _drive(30) == (None, None)


def test_energy_scale_is_taken_over():
    """Once growth has told the scale, the list's energies are read by it, and are no assumption any more."""
    octets = corpus.octets(corpus.OWN + "/kamstrup/dk-65.hex")
    for factor, wanted in ((1, 1), (10, 10)):
        decoder = Decoder(1024)
        assert len(corpus.run(decoder, octets)[0]) == 1
        r = decoder.reading
        assert r.have[registers.E_IMPORT] == reading.ASSUMED
        first = r.value(registers.E_IMPORT)
        power = Reading()
        told = []
        for t in range(0, 3 * 3600 + 1, 10):
            power.clear()
            power.put(registers.P_IMPORT, 2400, 0, reading.SENT)
            if t % 3600 == 0:
                power.put(registers.E_IMPORT, 1000000 + 2400 * t // 3600 // factor, 0, reading.ASSUMED)
            told.append(decoder.plans.watch(power, t))
        assert told.count(True) == 1
        assert len(corpus.run(decoder, octets)[0]) == 1
        assert r.have[registers.E_IMPORT] == reading.SENT and r.value(registers.E_IMPORT) == wanted * first


def test_third_voltage_of_an_it_grid():
    """meters.md section 2: U1 = 239.2, U3 = 239.7 -> 239.5 V; only for the models of the IT grid."""
    r = Reading()
    for model, wanted in ((b"MA304H3E", True), (b"MA304H4", False)):
        r.clear()
        r.set_text(reading.MODEL, model, 0, len(model))
        r.put(registers.U_L1, 2392, -1, reading.SENT)
        r.put(registers.U_L2, 0, -1, reading.SENT)
        r.put(registers.U_L3, 2397, -1, reading.SENT)
        derive(r)
        if wanted:
            # sqrt(239.2^2 - 239.2 * 239.7 + 239.7^2) = sqrt(57216.64 - 57336.24 + 57456.09) = 239.4503
            assert r.value(registers.U_L2) == 239450
            assert r.have[registers.U_L2] == reading.DERIVED
        else:
            assert r.value(registers.U_L2) == 0 and r.have[registers.U_L2] == reading.SENT


def test_totals_of_tariffs():
    """1.8.1 + 1.8.2, when there is no 1.8.0; one tariff alone is no total."""
    r = Reading()
    r.put(registers.E_IMPORT_T1, 1234567, 0, reading.SENT)
    derive(r)
    assert r.get(registers.E_IMPORT) is None
    r.put(registers.E_IMPORT_T1 + 1, 890123, 0, reading.SENT)
    derive(r)
    assert r.get(registers.E_IMPORT) == 2124690 and r.have[registers.E_IMPORT] == reading.DERIVED
    r.clear()
    r.put(registers.E_IMPORT, 5, 0, reading.SENT)
    r.put(registers.E_IMPORT_T1, 1, 0, reading.SENT)
    r.put(registers.E_IMPORT_T1 + 1, 2, 0, reading.SENT)
    derive(r)
    assert r.get(registers.E_IMPORT) == 5
