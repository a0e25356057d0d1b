"""The API v1 of HomeWizard's P1 meter, so that what knows that meter reads this one: /api and /api/v1/...

Names and units are the API's: kWh, W (import less export), V, A; ids in hex, as in a P1 telegram, which its
clients turn back into text; times as YYMMDDhhmmss. A client takes the absence of wifi_ssid for the API's
version 2, so that one field is always there. All else that is not known is absent.
"""

from hanport import reading, registers
from payload import asked

PRODUCT = b"HWE-P1"

# First register, how many follow each other, name; # is the number of the phase or tariff. First the ones
# that are told as they are.
_ROWS = (
    b"36 1 total_power_import_kwh\n"
    b"50 4 total_power_import_t#_kwh\n"
    b"37 1 total_power_export_kwh\n"
    b"58 4 total_power_export_t#_kwh\n"
    b"07 3 active_voltage_l#_v\n"
    b"04 3 active_current_l#_a\n"
    b"22 1 active_apparent_power_va\n"
    b"24 3 active_apparent_power_l#_va\n"
    b"31 1 active_power_factor\n"
    b"32 3 active_power_factor_l#\n"
    b"35 1 active_frequency_hz\n"
    b"78 1 active_tariff\n"
    b"82 3 voltage_sag_l#_count\n"
    b"85 3 voltage_swell_l#_count\n"
    b"80 1 any_power_fail_count\n"
    b"81 1 long_power_fail_count\n"
    b"72 1 active_power_average_w\n"
    b"73 1 montly_power_peak_w\n"  # spelt so
)
# Those of which export is taken off import, with the export's first register behind the import's.
_NET = (
    b"00 01 1 active_power_w\n"
    b"10 13 3 active_power_l#_w\n"
    b"02 03 1 active_reactive_power_var\n"
    b"16 19 3 active_reactive_power_l#_var\n"
)
# EN 13757-3 device type, its word.
_MEDIA = b" 3 gas_meter 4 heat_meter 6 warm_water_meter 7 water_meter 12 inlet_heat_meter "


def product(w, device):
    """Append, within an open object, what /api tells of the product; the serial number is the address."""
    w.text(b"product_type", PRODUCT)
    w.text(b"product_name", b"P1 meter")
    w.text(b"serial", device.ident.replace(b":", b"").lower())
    w.text(b"firmware_version", device.version)
    w.text(b"api_version", b"v1")


def _hex(w, name, octets):
    """Key and id in hex; nothing when it is not known."""
    if octets:
        w.key(name)
        w.raw(b'"')
        asked.hexed(w, octets)
        w.raw(b'"')


def _stamp(w, name, facts, row):
    """Key and YYMMDDhhmmss of the date-time in a row of a Reading's facts."""
    w.key(name)
    w.padded((facts[row] << 8 | facts[row + 1]) % 100, 2)
    for k in (2, 3, 5, 6, 7):
        w.padded(facts[row + k], 2)


def _key(w, table, a, b, digit):
    w.item()
    w.raw(b'"')
    asked.part(w, table, a, b, digit)
    w.raw(b'":')


def _values(w, state, up):
    at = 0
    while at < len(_ROWS):
        end = _ROWS.find(b"\n", at)
        first = asked.number(_ROWS, at)
        many = _ROWS[at + 3] - 48
        if many == 4 and not state.have[first]:
            # A meter without tariffs counts all of it in its first one.
            first = registers.E_IMPORT if first == registers.E_IMPORT_T1 else registers.E_EXPORT
            many = 1
        for k in range(many):
            value = asked.fresh(state, first + k, up)
            if value is not None:
                _key(w, _ROWS, at + 5, end, k + 1)
                w.number(value, registers.decimals(first + k), True)
        at = end + 1


def _nets(w, state, up):
    at = 0
    while at < len(_NET):
        end = _NET.find(b"\n", at)
        for k in range(_NET[at + 6] - 48):
            value = asked.net(state, asked.number(_NET, at) + k, asked.number(_NET, at + 3) + k, up)
            if value is not None:
                _key(w, _NET, at + 8, end, k + 1)
                w.number(value)
        at = end + 1


def _outside(w, state):
    """Gas once by itself, as the API began, and every meter behind the meter in a list."""
    facts = state.facts
    for k in range(reading.CHANNELS):
        row = reading.METERS + 16 * k
        value = state.get(reading.BEHIND + k)
        if facts[row + reading.MEDIUM] == 3 and facts[row + reading.UNIT] == 13 and value is not None:
            w.pair(b"total_gas_m3", value, 3, True)
            if facts[row + reading.FORM]:
                _stamp(w, b"gas_timestamp", facts, row)
            _hex(w, b"gas_unique_id", state.text(reading.TEXTS + k))
            break
    opened = False
    for k in range(reading.CHANNELS):
        row = reading.METERS + 16 * k
        value = state.get(reading.BEHIND + k)
        ident = state.text(reading.TEXTS + k)
        # An item must have all of these.
        word = asked.kind(_MEDIA, facts[row + reading.MEDIUM])
        if not word or value is None or not facts[row + reading.FORM] or not ident:
            continue
        if not opened:
            w.key(b"external")
            w.open(b"[")
            opened = True
        w.item()
        w.open()
        _hex(w, b"unique_id", ident)
        w.key(b"type")
        w.raw(b'"')
        asked.part(w, _MEDIA, word, _MEDIA.find(b" ", word))
        w.raw(b'"')
        _stamp(w, b"timestamp", facts, row)
        w.pair(b"value", value, 3, True)
        unit = facts[row + reading.UNIT]
        w.text(b"unit", b"m3" if unit == 13 else b"GJ" if unit == 25 else b"kWh")
        w.close()
    if opened:
        w.close(b"]")


def data(w, state, device, ssid):
    """Append /api/v1/data of the merged state. ssid: name of the WiFi as octets, empty when there is none."""
    w.open()
    w.text(b"wifi_ssid", ssid)
    rssi = device.rssi()
    if rssi is not None:
        w.pair(b"wifi_strength", min(100, max(0, 2 * (rssi + 100))))
    maker, model = state.text(reading.MAKER), state.text(reading.MODEL)
    if maker or model:
        w.text(b"meter_model", maker + b" " + model if maker and model else maker or model)
    _hex(w, b"unique_id", state.text(reading.METER_ID) or state.text(reading.METER_ID_ALT))
    _values(w, state, device.up())
    _nets(w, state, device.up())
    if state.facts[reading.PEAK + reading.FORM]:
        _stamp(w, b"montly_power_peak_timestamp", state.facts, reading.PEAK)
    _outside(w, state)
    w.close()


def refusal(w, words):
    """Append an error as the API has it; clients look at the status of the answer only."""
    w.open()
    w.key(b"error")
    w.open()
    w.text(b"description", words)
    w.close()
    w.close()
