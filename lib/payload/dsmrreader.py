"""The topics of DSMR-reader's "split topic" sources, which Home Assistant and others subscribe to.

They are whole topics (dsmr/...), not below the base. kWh and kW with three decimals, times as ISO 8601 in
UTC. Topics of its accounts (dsmr/day-consumption/... and on) are none of a telegram.
"""

import localtime
from hanport import reading, registers
from payload import rows

RETAIN = False

# See payload.rows for the columns. 33 of a power: W read as kW.
_TABLE = (
    b"50 2 33 - reading/electricity_delivered_#\n"
    b"58 2 33 - reading/electricity_returned_#\n"
    b"00 1 33 - reading/electricity_currently_delivered\n"
    b"01 1 33 - reading/electricity_currently_returned\n"
    b"10 3 33 - reading/phase_currently_delivered_l#\n"
    b"13 3 33 - reading/phase_currently_returned_l#\n"
    b"07 3 33 t reading/phase_voltage_l#\n"
    b"04 3 33 t reading/phase_power_current_l#\n"
    b"78 1 00 - meter-stats/electricity_tariff\n"
    b"80 1 00 - meter-stats/power_failure_count\n"
    b"81 1 00 - meter-stats/long_power_failure_count\n"
    b"82 3 00 - meter-stats/voltage_sag_count_l#\n"
    b"85 3 00 - meter-stats/voltage_swell_count_l#\n"
)

# Messages behind the three of each of the 13 rows.
_TIME = 39
_GAS = 40


def message(k, w, latest, state, device, memory):
    """Write message k; returns its whole topic, False for none, None behind the last."""
    if k < _TIME:
        return _value(k, w, latest, state)
    if k == _TIME:
        return _stamp(w, latest.utc) and b"dsmr/reading/timestamp"
    if k > _GAS + 3:
        return None
    gas = _gas(latest)
    if not gas:
        return False
    # The same twice: as the telegram says it, and as its account of gas.
    if not (k - _GAS) & 1:
        w.number(latest.value(reading.BEHIND + (gas - reading.METERS) // 16), 3)
        return b"dsmr/reading/extra_device_delivered" if k == _GAS else b"dsmr/consumption/gas/delivered"
    if not _stamp(w, _gas_utc(gas, latest)):
        return False
    return b"dsmr/reading/extra_device_timestamp" if k == _GAS + 1 else b"dsmr/consumption/gas/read_at"


def _value(k, w, latest, state):
    at = rows.find(_TABLE, k)
    register = rows.register(_TABLE, at, k)
    if register is None:
        return False
    if register == registers.E_IMPORT_T1 and not state.have[register]:
        register = registers.E_IMPORT  # a meter without tariffs counts all of it in its first one
    elif register == registers.E_EXPORT_T1 and not state.have[register]:
        register = registers.E_EXPORT
    if not latest.have[register]:
        return False
    return b"dsmr/" + rows.write(_TABLE, at, k, w, latest.value(register))


def _gas(latest):
    """The row of facts of the first gas meter that has a value, or 0."""
    facts = latest.facts
    for k in range(reading.CHANNELS):
        row = reading.METERS + 16 * k
        if facts[row + reading.MEDIUM] == 3 and facts[row + reading.UNIT] == 13:
            if latest.have[reading.BEHIND + k]:
                return row
    return 0


def _gas_utc(gas, latest):
    """When the gas meter was read. Its zone is the one in which the telegram's own clock was understood."""
    facts = latest.facts
    dst = facts[reading.DST]
    gas_dst = facts[gas + reading.DST]
    if not (facts[gas + reading.FORM] and gas_dst and dst and facts[reading.FORM] == reading.P1):
        return None
    if latest.utc is None:
        return None
    zone = localtime.meter_utc(facts, True, dst, False, 0) - latest.utc
    return localtime.meter_utc(facts[gas : gas + 12], True, gas_dst, False, 0) - zone


def _stamp(w, utc):
    """Write 2024-07-15T11:05:10Z; False when it is not known."""
    if utc is None:
        return False
    year, month, day = localtime.date(utc // 86400)
    w.padded(year, 4)
    w.raw(b"-")
    w.padded(month, 2)
    w.raw(b"-")
    w.padded(day, 2)
    w.raw(b"T")
    w.padded(utc % 86400 // 3600, 2)
    w.raw(b":")
    w.padded(utc % 3600 // 60, 2)
    w.raw(b":")
    w.padded(utc % 60, 2)
    w.raw(b"Z")
    return True
