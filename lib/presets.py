"""What is usual in a country: time zone, line settings in the order of likelihood, grid, keys; a row each.

Only for the set-up: imported when a country is chosen, and by the search for the line settings. A row:
country|city of the time zone|grid|largest telegram, empty for the default|lines|keys|words. Keys: no, one
(encryption), two (encryption and authentication), some (depends on the company).
"""

_ROWS = (
    b"\n"
    b"NO|Oslo|auto||2400 8E1,2400 8N1,115200 8N1|no|The grid company opens the port when you ask. "
    b"Kamstrup meters use 8N1. Many homes have the IT grid.\n"
    b"SE|Stockholm|TN||115200 8N1,2400 8E1,2400 8N1|no|The grid company opens the port when you ask. "
    b"After power-up the meter may be silent for a minute.\n"
    b"DK|Copenhagen|TN||2400 8N1,115200 8N1,115200 8E1,9600 8N2|two|Ask the grid company for "
    b"DLMS/COSEM push (list 1) and its keys: 64 or GPK60 and 65 or GPK61, not GPK11.\n"
    b"FI|Helsinki|TN||115200 8N1|no|The grid company opens the port when you ask.\n"
    b"NL|Amsterdam|TN||115200 8N1,9600 7E1|no|The port is open. Meters before DSMR 4 use 9600 7E1.\n"
    b"BE|Brussels|auto||115200 8N1|no|You open the port yourself on the grid company's page.\n"
    b"AT|Vienna|TN||2400 8E1,2400 8N1,115200 8N1,9600 8N1|some|Ask the grid company for the customer "
    b"interface and its key (GUEK); some companies give a second one (GAK).\n"
    b"CH|Zurich|TN||2400 8E1,2400 8N1,115200 8N1|some|The grid company opens the port and tells whether "
    b"there is a key.\n"
    b"SI|Ljubljana|TN||38400 8N1,115200 8N1,115200 7E1,115200 7N1|no|The speed differs between companies.\n"
    b"HR|Zagreb|TN||115200 8N1|no|The grid company opens the port when you ask.\n"
    b"PL|Warsaw|TN||115200 8N1,2400 8E1|two|Ask the grid company by its form for the keys.\n"
    b"LU|Luxembourg|TN||115200 8N1|one|Ask the grid company for the key of the P1 port. The authentication "
    b"key is the same for all.\n"
    b"DE|Berlin|TN||9600 8N1|no|Most meters there speak SML at an optical port, which is not read yet.\n"
    b"HU|Budapest|TN|3072|115200 8N1|no|Telegrams are long.\n"
)


def _row(country):
    """Fields of a country's row; None when there is none."""
    at = _ROWS.find(("\n" + country + "|").encode()) + 1
    if not at or len(country) != 2:
        return None
    return str(_ROWS[at : _ROWS.find(b"\n", at)], "utf-8").split("|")


def countries():
    """Yield the countries there are rows for."""
    at = 1
    while at < len(_ROWS):
        yield str(_ROWS[at : at + 2], "utf-8")
        at = _ROWS.find(b"\n", at) + 1


def lines(country):
    """List of (baud, parity), the usual one first; empty for a country without a row."""
    fields = _row(country)
    found = []
    for line in fields[4].split(",") if fields else ():
        baud, parity = line.split(" ")
        found.append((int(baud), parity))
    return found


def values(country):
    """Dict of the settings that are usual in a country, to lay over the others; empty without a row."""
    fields = _row(country)
    if not fields:
        return {}
    baud, parity = lines(country)[0]
    usual = {"zone": "Europe/" + fields[1], "grid": fields[2], "baud": baud, "parity": parity}
    if fields[3]:
        usual["buffer"] = int(fields[3])
    return usual


def advice(country):
    """("no", "one", "two" or "some" keys, sentences for who sets up the meter)."""
    fields = _row(country)
    return (fields[5], fields[6]) if fields else ("some", "")
