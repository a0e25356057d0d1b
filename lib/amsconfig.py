"""Takes over the backup of amsreader (its text file `amsconfig`): its keys to ours, and what is left behind.

Imported when asked for and dropped afterwards. The file: first line "amsconfig", then lines `key value`;
secrets are in it only when it was made with them.
"""

from settings import check

# Their key|ours. What a key needs besides a new name is in _other().
_SAME = (
    "\n"
    "hostname|hostname\n"
    "ssid|wifi_ssid\n"
    "psk|wifi_password\n"
    "ip|address\n"
    "subnet|mask\n"
    "gateway|gateway\n"
    "dns1|dns\n"
    "mqttHost|mqtt_host\n"
    "mqttPort|mqtt_port\n"
    "mqttClientId|mqtt_client\n"
    "mqttPublishTopic|mqtt_topic\n"
    "mqttUsername|mqtt_user\n"
    "mqttPassword|mqtt_password\n"
    "mqttKeepalive|mqtt_keepalive\n"
    "mqttSsl|mqtt_tls\n"
    "webPassword|page_password\n"
    "meterBaud|baud\n"
    "meterParity|parity\n"
    "meterEncryptionKey|key\n"
    "meterAuthenticationKey|auth_key\n"
    "domoticzElidx|domoticz_energy\n"
    "domoticzVl1idx|domoticz_u1\n"
    "domoticzVl2idx|domoticz_u2\n"
    "domoticzVl3idx|domoticz_u3\n"
    "domoticzCl1idx|domoticz_current\n"
    "ntpTimezone|zone\n"
    "ntpServer|ntp_host\n"
    "homeAssistantDiscoveryHostname|ha_host\n"
)

# Beginning of their keys|sentence, told once when one of them held something.
_LEFT = (
    "gpio|Pins were not taken: they are part of the board's own file.\n"
    "price|The settings of prices were not taken.\n"
    "threshold|The thresholds of the tariff were not taken.\n"
    "dayplot|The history of hours and days was not taken.\n"
    "monthplot|The history of hours and days was not taken.\n"
    "energyaccounting|The account of the running month was not taken.\n"
    "homeAssistant|The topic and the names for Home Assistant were not taken.\n"
    "webUsername|The user name of the page was not taken: the page has a password only.\n"
    "meterMainFuse|The size of the main fuse was not taken.\n"
    "meterProduction|The production capacity was not taken.\n"
    "dns2|The second name server was not taken: there is one.\n"
    "mqttSubscribeTopic|The topic for commands was not taken.\n"
    "mqttTimeout|The time-out of MQTT was not taken: it has its own.\n"
    "mqttReboot|The restart after a lost broker was not taken.\n"
)
_SILENT = ("version", "boardType", "mdns", "ntpDhcp", "use11b")
# What they use when nothing is set.
_USUAL = ("", "0", "homeassistant")
# Their number of the message format: ours.
_FORMATS = {
    "0": "amsjson",
    "1": "raw_minimal",
    "2": "raw_full",
    "3": "domoticz",
    "4": "homeassistant",
    "5": "amsmulti",
    "6": "amsflat",
    "255": "framehex",
}
_GRIDS = {"1": "IT", "2": "TN", "IT": "IT", "TT": "IT", "TN": "TN"}


def _ours(key):
    """Our name of one of their keys; None when it is not just another name."""
    at = _SAME.find("\n" + key + "|")
    if at < 0:
        return None
    at += len(key) + 2
    return _SAME[at : _SAME.find("\n", at)]


def _multiplier_off(value):
    """True for factors of 0 (off) and 1."""
    whole = value.split(".")
    return whole[0] in ("0", "1") and not "".join(whole[1:]).replace("0", "")


def _other(key, value, values):
    """A key that needs more than a new name; returns a sentence, or None."""
    if key == "meterInvert":
        # Not inverted is what the board says by itself.
        if value in ("1", "true"):
            values["invert"] = "on"
    elif key == "meterDistributionSystem":
        values["grid"] = _GRIDS.get(value.upper(), "auto")
    elif key == "mqttPayloadFormat":
        if value not in _FORMATS:
            return "The message format of number %s was not taken: messages are JSON." % value
        values["mqtt_format"] = _FORMATS[value]
    elif key == "ntpEnable":
        if value in ("0", "false"):
            values["ntp_host"] = ""
    elif key == "netmode":
        if value not in ("0", "1"):
            return "The old reader was not on WiFi (its network mode was %s): check the network." % value
    elif key.startswith("meter") and key.endswith("Multiplier"):
        if value and not _multiplier_off(value):
            return "The factors for the meter's numbers were not taken: check the numbers against the meter."
    elif value not in _USUAL:
        for line in _LEFT.split("\n"):
            if line and key.startswith(line[: line.find("|")]):
                return line[line.find("|") + 1 :]
        return "%s was not taken." % key
    return None


def take(text):
    """(dict of our values, list of sentences on what could not be taken); text: a str, or its lines.

    Lay the values over the settings with Settings.changed(). The sentences hold no secret.
    """
    theirs = {}
    sentences = []
    values = {}
    first = True
    guarded = True  # their page asks for its password
    for line in text.split("\n") if isinstance(text, str) else text:
        line = line.strip("\r\n")
        if first:
            if line.strip() != "amsconfig":
                return {}, ["This is no amsconfig backup: its first line is another."]
            first = False
            continue
        parts = line.split(" ", 1)
        key = parts[0]
        value = parts[1] if len(parts) > 1 else ""
        if key == "webSecurity":
            guarded = value.strip() != "0"
        elif _ours(key):
            if value or key != "mqttPublishTopic":  # without one they publish nothing
                theirs[key] = value
        elif key and key not in _SILENT:
            sentence = _other(key, value.strip(), values)
            if sentence and sentence not in sentences:
                sentences.append(sentence)
    if not guarded:
        theirs.pop("webPassword", None)
    for key, value in theirs.items():
        ours = _ours(key)
        # Their clock switch may stand before or after the server's name: off wins.
        if ours not in values:
            # How they write that there is none.
            none = value == "0.0.0.0" or (value == "0" and ours.startswith("domoticz"))
            value, wrong = check(ours, "" if none else value)
            if wrong:
                sentences.append(wrong[:-1] + ": what the backup has was not taken.")
            else:
                values[ours] = value
    if values.get("mqtt_format") == "homeassistant" and not values.get("ha_host"):
        # Their entities were called after the host name.
        values["ha_host"] = values.get("hostname", "")
    if "ssid" not in theirs:
        sentences.append("The backup was made without secrets: enter the WiFi, the passwords and the keys.")
    return values, sentences
