"""THE table: every quantity a meter may send, its OBIS code, unit and name.

A register is an index into this table. Its value is an integer in the table's unit: W, var, VA, Wh, varh,
mV, mA, mHz, 1/1000 or a plain count; a decimal point is added only when text is written. OBIS groups A, B
and F are not compared: makers use 1-0 and 1-1 for the same thing.
"""

# One row a register, in order: C.D.E|COSEM unit|name. Units are those of the Blue Book's unit enum: 27 W,
# 28 VA, 29 var, 30 Wh, 32 varh, 33 A, 35 V, 44 Hz, 255 none (power factor), 0 a count without a unit.
# The name is the JSON key; its last word is the unit the value is written in.
table = (
    b"1.7.0|27|active_power_import_w\n"
    b"2.7.0|27|active_power_export_w\n"
    b"3.7.0|29|reactive_import_var\n"
    b"4.7.0|29|reactive_export_var\n"
    b"31.7.0|33|current_l1_a\n"
    b"51.7.0|33|current_l2_a\n"
    b"71.7.0|33|current_l3_a\n"
    b"32.7.0|35|voltage_l1_v\n"
    b"52.7.0|35|voltage_l2_v\n"
    b"72.7.0|35|voltage_l3_v\n"
    b"21.7.0|27|active_power_import_l1_w\n"
    b"41.7.0|27|active_power_import_l2_w\n"
    b"61.7.0|27|active_power_import_l3_w\n"
    b"22.7.0|27|active_power_export_l1_w\n"
    b"42.7.0|27|active_power_export_l2_w\n"
    b"62.7.0|27|active_power_export_l3_w\n"
    b"23.7.0|29|reactive_import_l1_var\n"
    b"43.7.0|29|reactive_import_l2_var\n"
    b"63.7.0|29|reactive_import_l3_var\n"
    b"24.7.0|29|reactive_export_l1_var\n"
    b"44.7.0|29|reactive_export_l2_var\n"
    b"64.7.0|29|reactive_export_l3_var\n"
    b"9.7.0|28|apparent_import_va\n"
    b"10.7.0|28|apparent_export_va\n"
    b"29.7.0|28|apparent_import_l1_va\n"
    b"49.7.0|28|apparent_import_l2_va\n"
    b"69.7.0|28|apparent_import_l3_va\n"
    b"5.7.0|29|reactive_q1_var\n"
    b"6.7.0|29|reactive_q2_var\n"
    b"7.7.0|29|reactive_q3_var\n"
    b"8.7.0|29|reactive_q4_var\n"
    b"13.7.0|255|power_factor\n"
    b"33.7.0|255|power_factor_l1\n"
    b"53.7.0|255|power_factor_l2\n"
    b"73.7.0|255|power_factor_l3\n"
    b"14.7.0|44|frequency_hz\n"
    b"1.8.0|30|energy_import_kwh\n"
    b"2.8.0|30|energy_export_kwh\n"
    b"3.8.0|32|reactive_energy_import_kvarh\n"
    b"4.8.0|32|reactive_energy_export_kvarh\n"
    b"5.8.0|32|reactive_energy_q1_kvarh\n"
    b"6.8.0|32|reactive_energy_q2_kvarh\n"
    b"7.8.0|32|reactive_energy_q3_kvarh\n"
    b"8.8.0|32|reactive_energy_q4_kvarh\n"
    b"21.8.0|30|energy_import_l1_kwh\n"
    b"41.8.0|30|energy_import_l2_kwh\n"
    b"61.8.0|30|energy_import_l3_kwh\n"
    b"22.8.0|30|energy_export_l1_kwh\n"
    b"42.8.0|30|energy_export_l2_kwh\n"
    b"62.8.0|30|energy_export_l3_kwh\n"
    b"1.8.1|30|energy_import_t1_kwh\n"
    b"1.8.2|30|energy_import_t2_kwh\n"
    b"1.8.3|30|energy_import_t3_kwh\n"
    b"1.8.4|30|energy_import_t4_kwh\n"
    b"1.8.5|30|energy_import_t5_kwh\n"
    b"1.8.6|30|energy_import_t6_kwh\n"
    b"1.8.7|30|energy_import_t7_kwh\n"
    b"1.8.8|30|energy_import_t8_kwh\n"
    b"2.8.1|30|energy_export_t1_kwh\n"
    b"2.8.2|30|energy_export_t2_kwh\n"
    b"2.8.3|30|energy_export_t3_kwh\n"
    b"2.8.4|30|energy_export_t4_kwh\n"
    b"2.8.5|30|energy_export_t5_kwh\n"
    b"2.8.6|30|energy_export_t6_kwh\n"
    b"2.8.7|30|energy_export_t7_kwh\n"
    b"2.8.8|30|energy_export_t8_kwh\n"
    b"3.8.1|32|reactive_energy_import_t1_kvarh\n"
    b"3.8.2|32|reactive_energy_import_t2_kvarh\n"
    b"4.8.1|32|reactive_energy_export_t1_kvarh\n"
    b"4.8.2|32|reactive_energy_export_t2_kvarh\n"
    b"15.8.0|30|energy_absolute_kwh\n"
    b"16.7.0|27|active_power_net_w\n"
    b"1.4.0|27|demand_import_w\n"
    b"1.6.0|27|demand_import_peak_w\n"
    b"2.4.0|27|demand_export_w\n"
    b"2.6.0|27|demand_export_peak_w\n"
    b"17.0.0|27|power_limit_w\n"
    b"31.4.0|33|current_limit_a\n"
    b"96.14.0|0|active_tariff\n"
    b"96.3.10|0|disconnect_state\n"
    b"96.7.21|0|power_failures\n"
    b"96.7.9|0|power_failures_long\n"
    b"32.32.0|0|voltage_sags_l1\n"
    b"52.32.0|0|voltage_sags_l2\n"
    b"72.32.0|0|voltage_sags_l3\n"
    b"32.36.0|0|voltage_swells_l1\n"
    b"52.36.0|0|voltage_swells_l2\n"
    b"72.36.0|0|voltage_swells_l3\n"
)

COUNT = 88

# Indexes that code outside this table needs by name; the test of this file checks them against it.
P_IMPORT = 0
P_EXPORT = 1
Q_IMPORT = 2
Q_EXPORT = 3
I_L1 = 4
U_L1 = 7
U_L2 = 8
U_L3 = 9
P_IMPORT_L1 = 10
P_EXPORT_L1 = 13
POWER_FACTOR = 31
E_IMPORT = 36
E_EXPORT = 37
R_IMPORT = 38
R_EXPORT = 39
R_Q1 = 40
E_IMPORT_L1 = 44
E_EXPORT_L1 = 47
E_IMPORT_T1 = 50
E_EXPORT_T1 = 58
DEMAND_PEAK = 73
TARIFF = 78

NONE = 255  # no register has this code

# The table once more, for what is looked up for every value of every telegram: the registers of one C follow
# each other in a chain, in order of the rows, so what all meters send comes first. Four tables in one, since
# machine code reads it too: by C (0 to 96) the first register of the chain; by register the one after it; its
# D; its E. Written out, for made at import it would lie on the heap: when a row is added, looked_up() tells
# what these two must be, and the test of this file fails until they are. See codes in _fast.item.
codes = (
    b"\xff\x00\x01\x02\x03\x1b\x1c\x1d\x1e\x16\x17\xff\xff\x1f\x23\x46\x47\x4c\xff\xff\xff\x0a\x0d\x10"
    b"\x13\xff\xff\xff\xff\x18\xff\x04\x07\x20\xff\xff\xff\xff\xff\xff\xff\x0b\x0e\x11\x14\xff\xff\xff"
    b"\xff\x19\xff\x05\x08\x21\xff\xff\xff\xff\xff\xff\xff\x0c\x0f\x12\x15\xff\xff\xff\xff\x1a\xff\x06"
    b"\x09\x22\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\x4e"
    b"\x24\x25\x26\x27\x4d\xff\xff\x52\x53\x54\x2c\x2d\x2e\x2f\x30\x31\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\x28\x29\x2a\x2b\xff\xff\xff\xff\xff\x32\x3a\x42\x44\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\x33\x34\x35\x36\x37\x38\x39\x48\x3b\x3c\x3d\x3e\x3f\x40\x41\x4a\x43\xff\x45\xff\xff\xff"
    b"\x49\xff\x4b\xff\xff\xff\x4f\x50\x51\xff\x55\x56\x57\xff\xff\xff"
    b"\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07"
    b"\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08"
    b"\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08\x07"
    b"\x04\x06\x04\x06\x00\x04\x0e\x03\x07\x07\x20\x20\x20\x24\x24\x24"
    b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    b"\x00\x00\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x01\x02\x00\x00"
    b"\x00\x00\x00\x00\x00\x00\x00\x0a\x15\x09\x00\x00\x00\x00\x00\x00"
)
# By register, as `unit` tells them, for those who ask often.
units = (
    b"\x1b\x1b\x1d\x1d\x21\x21\x21\x23\x23\x23\x1b\x1b\x1b\x1b\x1b\x1b\x1d\x1d\x1d\x1d\x1d\x1d\x1c\x1c"
    b"\x1c\x1c\x1c\x1d\x1d\x1d\x1d\xff\xff\xff\xff\x2c\x1e\x1e\x20\x20\x20\x20\x20\x20\x1e\x1e\x1e\x1e"
    b"\x1e\x1e\x1e\x1e\x1e\x1e\x1e\x1e\x1e\x1e\x1e\x1e\x1e\x1e\x1e\x1e\x1e\x1e\x20\x20\x20\x20\x1e\x1b"
    b"\x1b\x1b\x1b\x1b\x1b\x21\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
)


def looked_up():
    """(codes, units) as the rows want them: for the test, and for who adds a row."""
    chains = bytearray(b"\xff" * (97 + 3 * COUNT))
    kinds = bytearray(COUNT)
    for register, row in enumerate(table.decode().strip().split("\n")):
        c, d, e = (int(group) for group in row.split("|")[0].split("."))
        kinds[register] = int(row.split("|")[1])
        chains[97 + COUNT + register] = d
        chains[97 + 2 * COUNT + register] = e
        at = c
        while chains[at] != NONE:
            at = 97 + chains[at]
        chains[at] = register
    return bytes(chains), bytes(kinds)


def find(c, d, e):
    """Register of OBIS groups C, D, E (0..255 each), or NONE."""
    if c > 96:
        return NONE
    register = codes[c]
    while register != 255:
        if codes[185 + register] == d and codes[273 + register] == e:  # its D, its E
            break
        register = codes[97 + register]  # the next one
    return register


def unit(register):
    """COSEM unit enum of a register: 27 W, 29 var, 30 Wh, 33 A, 35 V, 255 none, 0 count."""
    return units[register]


def exponent(register):
    """Power of ten of the integer kept: -3 for mV, mA, mHz and 1/1000, 0 for W, var, VA, Wh, varh, counts."""
    unit = units[register]
    # A, V, Hz and no unit
    return -3 if unit > 32 and (unit == 33 or unit == 35 or unit == 44 or unit == 255) else 0


def decimals(register):
    """Decimals when written in the unit of the name: 3 for kWh, kvarh, V, A, Hz and the power factor."""
    unit = units[register]
    # Wh, varh, A, V, Hz, none
    return 3 if unit > 29 else 0


def after(at):
    """Where in `table` the row behind the one at `at` begins; the first begins at 0."""
    return table.find(b"\n", at) + 1


def name_at(at):
    """Where in `table` the name of the row at `at` begins; it ends before after(at) - 1."""
    return table.rfind(b"|", at, table.find(b"\n", at)) + 1


def name(register):
    """The JSON key: "energy_import_kwh"."""
    at = 0
    while register:
        at = after(at)
        register -= 1
    return str(table[name_at(at) : after(at) - 1], "utf-8")


def obis(register):
    """Groups C.D.E as text: "1.8.0"."""
    return table.decode().split("\n")[register].split("|")[0]


def by_name(text):
    """Register of a name, or NONE. For tables of rows read once, not for the hot path."""
    for register in range(COUNT):
        if name(register) == text:
            return register
    return NONE
