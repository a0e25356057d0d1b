"""The push lists framesmith can build, one table a maker: element order, types and scalers.

Sources: the makers' customer-interface documents (Kaifa KFM_001, Aidon, Kamstrup HAN-NVE 3.1 and 5512-2584,
RWB Baden, TINETZ, Netz NOE leaflet) and the structure of captured frames. Ids and values are the caller's.
"""

from smith_lists import CODES, Item, ListSpec, rows

P1 = "active_power_import_w"
P2 = P1 + " active_power_export_w"
P4 = P2 + " reactive_import_var reactive_export_var"
A2 = "energy_import_kwh energy_export_kwh"
A4 = A2 + " reactive_energy_import_kvarh reactive_energy_export_kvarh"
I3, U3 = "current_l1_a current_l2_a current_l3_a", "voltage_l1_v voltage_l2_v voltage_l3_v"
PI3 = " ".join(f"active_power_import_l{n}_w" for n in (1, 2, 3))
PE3 = " ".join(f"active_power_export_l{n}_w" for n in (1, 2, 3))
CLOCK = Item("timestamp", "clock")


# --- Kaifa Norway and Sweden: order is everything; W, mA, 0.1 V, Wh ---------------------------------------
def _kaifa_power(phases):
    return (rows("os", 0, "list_id meter_id meter_model") + rows("u32", 0, P4)
            + rows("u32", -3, " ".join(I3.split()[:phases])) + rows("u32", -1, " ".join(U3.split()[:phases])))


def _kaifa(items, **more):
    return ListSpec("positional", items, **{"form": "tagged", "maker": "Kaifa", **more})


KAIFA_OBIS = [item._replace(obis="1-0:0.2.129") if item.key == "list_id" else item
              for item in _kaifa_power(3)]

KAIFA = {
    "1": _kaifa(rows("u32", 0, P1)),
    "2-1p": _kaifa(_kaifa_power(1)),
    "2-3p": _kaifa(_kaifa_power(3)),
    "3-1p": _kaifa(_kaifa_power(1) + [CLOCK] + rows("u32", 0, A4)),
    "3-3p": _kaifa(_kaifa_power(3) + [CLOCK] + rows("u32", 0, A4)),
    "3-3p-ct": _kaifa(_kaifa_power(3) + [CLOCK] + rows("u64", 0, A4)),
    "se-pairs": ListSpec("pairs", KAIFA_OBIS + [CLOCK] + rows("u32", 0, A4), form="none", address="kaifa-se",
                         maker="Kaifa"),
}

# --- Aidon and the EMBRIQ layout of Landis+Gyr: array of (OBIS, value, scaler-unit) ------------------------
AIDON_NAMES = [Item("list_id", "vs", obis="1-1:0.2.129"), Item("meter_id", "vs"), Item("meter_model", "vs")]
AIDON_POWER = rows("u32", 0, P4)
AIDON_ENERGY = [CLOCK] + rows("u32", 1, A4)
AIDON_PHASES = {"1p": ("current_l1_a", "voltage_l1_v"), "3p3w": ("current_l1_a current_l3_a", U3),
                "3p4w": (I3, U3)}


def _phases(kind, current_scaler=-1):
    currents, voltages = AIDON_PHASES[kind]
    return rows("i16", current_scaler, currents) + rows("u16", -1, voltages)


def _aidon(items, **more):
    settings = {"form": "none", "address": "aidon", "maker": "Aidon", "weekday": 0, **more}
    return ListSpec("objects", items, **settings)


AIDON = {"1": _aidon(rows("u32", 0, P1), maker=None)}
for _kind in AIDON_PHASES:
    AIDON[f"2-{_kind}"] = _aidon(AIDON_NAMES + AIDON_POWER + _phases(_kind))
    AIDON[f"3-{_kind}"] = _aidon(AIDON_NAMES + AIDON_POWER + _phases(_kind) + AIDON_ENERGY)
# Sweden sends everything in one array of 27; per phase P+, P-, Q+, Q-; energies in Wh; no names.
AIDON["se-27"] = _aidon(
    [CLOCK] + AIDON_POWER + _phases("3p4w")
    + rows("u32", 0, " ".join(f"active_power_import_l{n}_w active_power_export_l{n}_w "
                              f"reactive_import_l{n}_var reactive_export_l{n}_var" for n in (1, 2, 3)))
    + rows("u32", 0, A4), maker=None, weekday=None)

EMBRIQ_NAMES = [AIDON_NAMES[0], Item("meter_id", "vs16"), Item("meter_model", "vs8")]
EMBRIQ_POWER = EMBRIQ_NAMES + AIDON_POWER + _phases("3p4w", -2)
EMBRIQ = {
    "2": _aidon(EMBRIQ_POWER, maker="Landis+Gyr", weekday=None),
    "3": _aidon(EMBRIQ_POWER + AIDON_ENERGY, maker="Landis+Gyr", weekday=None),
}

# --- Kamstrup: structure of the version text and OBIS / value pairs, scalers are not sent ------------------
KAM_VERSION = [Item("list_id", "vs", obis="")]
KAM_NAMES = KAM_VERSION + [Item("meter_id", "vs", obis="1-1:0.0.5"),
                           Item("meter_model", "vs", obis="1-1:96.1.1")]
KAM_HOUR = [CLOCK._replace(obis="0-1:1.0.0")] + rows("u32", 1, A4)
KAM_HOUR_WH = [CLOCK._replace(obis="0-1:1.0.0")] + rows("u32", 0, A4)
PAD2 = [Item(), Item()]
KAM_POWER = KAM_NAMES + rows("u32", 0, P4)
KAM_3P = KAM_POWER + rows("u32", -2, I3) + rows("u16", 0, U3)
KAM_1P = KAM_POWER + rows("u32", -2, "current_l1_a") + rows("u16", 0, "voltage_l1_v")
# A one-phase meter may keep the count of a three-phase list and fill the missing pairs with null-data.
KAM_1P_NULL = KAM_1P[:-1] + PAD2 + KAM_1P[-1:] + PAD2
# The count of 15 is documented, the pair that is left out is not: here P-, as "one quadrant" suggests.
KAM_1Q = [item for item in KAM_1P if item.key != "active_power_export_w"]


def _dk(currents, voltages, phases):
    """Danish "DLMS push 1": three phases make 65 elements, one phase 37."""
    tail = [f"power_factor_l{n}" for n in phases] + ["power_factor"]
    return (KAM_VERSION + rows("u32", 0, A4) + [Item("meter_id", "u32", obis="1-1:0.0.1")]
            + rows("u32", 0, P4) + [CLOCK._replace(obis="0-1:1.0.0")]
            + rows("u16", 0, voltages) + rows("u32", -2, currents)
            + rows("u32", 0, " ".join(f"active_power_import_l{n}_w" for n in phases))
            + rows("u16", -2, " ".join(tail))
            + rows("u32", 0, " ".join(f"active_power_export_l{n}_w" for n in phases))
            + rows("u32", 0, " ".join(f"energy_export_l{n}_kwh" for n in phases))
            + rows("u32", 0, " ".join(f"energy_import_l{n}_kwh" for n in phases)))


def _kamstrup(items, **more):
    settings = {"prefix": "1-1", "address": "kamstrup", "invoke": 0, "maker": "Kamstrup", **more}
    return ListSpec("pairs", items, **settings)


KAMSTRUP = {
    "1-3p": _kamstrup(KAM_3P), "2-3p": _kamstrup(KAM_3P + KAM_HOUR),
    "1-1p": _kamstrup(KAM_1P_NULL), "2-1p": _kamstrup(KAM_1P_NULL + KAM_HOUR),
    "1-1p-short": _kamstrup(KAM_1P), "2-1p-short": _kamstrup(KAM_1P + KAM_HOUR),
    "1-1q": _kamstrup(KAM_1Q),
    "2-3p-wh": _kamstrup(KAM_3P + KAM_HOUR_WH),
    "dk-65": _kamstrup(_dk(I3, U3, (1, 2, 3)), address="kamstrup-dk"),
    "dk-37": _kamstrup(_dk("current_l1_a", "voltage_l1_v", (1,)), address="kamstrup-dk"),
}

# --- Kaifa Austria and Poland, and Netz NOE (Kaifa, Sagemcom): M-Bus, ciphered ------------------------------
KAIFA_AT = {
    "16": ListSpec("mixed", [CLOCK, Item("meter_id", "os"), Item("logical_device_name", "os")]
                   + rows("u16", -1, U3) + rows("u16", -2, I3) + rows("u32", 0, P2 + " " + A4),
                   invoke=0, maker="Kaifa"),
}


def _noe(phases):
    voltages, currents = " ".join(U3.split()[:phases]), " ".join(I3.split()[:phases])
    return ListSpec("triples", [CLOCK] + rows("u32", 0, A2 + " " + P2) + rows("u16", -1, voltages)
                    + rows("u16", -2, currents) + rows("u16", -3, "power_factor") + [Item("meter_id", "os")],
                    invoke=0x8006870E, hundredths=0)


NOE = {"35": _noe(3), "23": _noe(1)}

# --- Landis+Gyr E450 ---------------------------------------------------------------------------------------
E450_ID = [Item("meter_id", "os")]


def _energy_1_1(keys):
    """E450 energies are coded 1-1, everything else 1-0."""
    return [item._replace(obis="1-1:" + CODES[item.key]) for item in rows("u32", 0, keys)]


E450_QUADRANTS = " ".join(f"reactive_energy_q{n}_kvarh" for n in (1, 2, 3, 4))


def _e450(items, layout="descriptors", invoke=0x00210001):
    return ListSpec(layout, items, address="e450", invoke=invoke, hundredths=0)


BURGENLAND = (rows("u16", 0, U3) + rows("u16", -2, I3) + rows("u32", 0, P2 + " " + A2))
UNKNOWN3 = [Item(None, "u16", const=number) for number in (400, 53, 295)]
E450 = {
    "baden": _e450(E450_ID + rows("u32", 0, P2) + _energy_1_1(A2 + " " + E450_QUADRANTS)
                   + rows("u16", -2, I3)),
    "phases": _e450(E450_ID + rows("u32", 0, P1) + _energy_1_1("energy_import_kwh")
                    + rows("u16", -2, I3) + rows("u16", 0, U3) + rows("u32", 0, PI3)),
    "short": _e450(E450_ID + rows("u32", 0, P1) + _energy_1_1("energy_import_kwh")
                   + rows("u16", -2, "current_l1_a")),
    "burgenland-14": _e450(BURGENLAND + UNKNOWN3 + E450_ID, "positional", 0x002180F6),
    "burgenland-11": _e450(BURGENLAND + E450_ID, "positional", 0x002180F6),
}

# --- Iskraemeco Slovenia -----------------------------------------------------------------------------------
ISKRA_NAMES = rows("os", 0, "meter_id list_id")


def _iskra(items, invoke):
    return ListSpec("positional", items, address="iskraemeco", invoke=invoke, maker="Iskraemeco",
                    hundredths=0)


ISKRAEMECO = {
    "18": _iskra(ISKRA_NAMES + rows("u32", 0, P4) + rows("u16", -1, U3) + rows("u16", -2, I3)
                 + rows("u32", 0, PI3 + " " + PE3), 0x00000D7E),
    "12": _iskra(ISKRA_NAMES + [Item("disconnect_state", "enum"), Item("active_tariff", "tariff")]
                 + rows("u32", 0, "energy_import_kwh energy_import_t1_kwh energy_import_t2_kwh "
                                  "energy_export_kwh energy_export_t1_kwh energy_export_t2_kwh "
                                  "reactive_energy_import_kvarh reactive_energy_export_kvarh"), 0x00000D7F),
}

LISTS = {"aidon": AIDON, "e450": E450, "embriq": EMBRIQ, "iskraemeco": ISKRAEMECO, "kaifa": KAIFA,
         "kaifa-at": KAIFA_AT, "kamstrup": KAMSTRUP, "noe": NOE}
