"""The functions that run seldom, for shrink_apart.py: a row is a module apart, loaded for what goes together.

A line names a row, a module of ours and its functions there, as they are spelt in the source. Not here: what
runs for every octet or telegram, in an interrupt, or when memory ran out (a module apart needs some to be
loaded). What the shrinker cannot follow stays where it is, whether or not it is named here.
"""

_ROWS = """
start   app.house House._outside
start   app.power begin wait
start   supply kinds Supply.__init__ Supply.boot_waits
start   app.led Led.__init__ Led.show_state rows _ms
start   app.clock Clock.__init__
start   app.net Net.__init__ Net._wanted Net._way Net.setup Net.be_set_up
start   app.supervisor Supervisor.__init__ Supervisor.luxury Supervisor.end_all Supervisor.arm Supervisor.fell
start   app.restart Restart.__init__ Restart.explain Restart.restarts Restart.asked
start   app.diag Device.__init__
start   app.mailbox Mailbox.__init__
start   payload.writer Writer.__init__
start   label *
renew   app.house House.apply House._renew House._leave House._stop House.restart_soon House._restart
renew   app.house House.factory
furnish app.house House._furnish House._open_kmp House._begin House.coroutine
furnish app.supervisor Supervisor.keep_going Supervisor.watch_mqtt
furnish app.meterport MeterPort.__init__
furnish app.board *
furnish app.publisher Publisher.__init__
furnish payload.formats load _rows names by_number start
furnish hanport.decoder Decoder.__init__
furnish hanport.framing Framing.__init__
furnish hanport.profiles Plans.__init__ Plans.settle_energy
furnish hanport.doctor Findings.__init__
furnish hanport.keys *
furnish localtime zone
file    app.store *
file    app.marker *
file    app.kept load save
file    totals Totals.__init__ Totals.to_flash Totals.from_flash Totals.sentences _put _get
values  settings * Settings.* -Settings.of -_place -row
supply  app.power take read _input
supply  app.diag Device.free
supply  supply median divided Supply.measured Supply._judge
log     app.diag say _behind log_lines
clock   app.clock request utc Clock.ask Clock._exchange Clock.put_right
clock   app.port rtc_fields set_clock dns_port
broker  app.mqtt Mqtt.__init__ Mqtt.listen Mqtt._connect Mqtt._secure Mqtt._ask_for Mqtt._lost Mqtt._why
broker  app.mqtt Mqtt._farewell Mqtt.warning Mqtt.hold_off
broker  app.link Link.__init__ Link.attach_to Link._begin_anew Link.breathe Link.standing Link.grant
broker  app.link Link.linger
broker  app.link Link.let_go
broker  mqttpackets Incoming.__init__ Incoming.reset Incoming.refusal
broker  brokerwords *
inbox   mqttpackets Incoming.* -Incoming.under_way -Incoming.still_wants -Incoming.__init__ -Incoming.reset
inbox   mqttpackets -Incoming.refusal
inbox   app.mqtt Mqtt.done
inbox   app.publisher Publisher._hear Publisher.topics Publisher.again Publisher.take_back
inbox   app.publisher Publisher.tell_formats
send    app.mqtt Mqtt.publish Mqtt._say Mqtt._await_answer
send    app.link Link.send Link.offer
send    app.publisher Publisher._tell Publisher._send Publisher._send_all Publisher._renew
send    payload.formats retained counters topic
radio   app.wifi _stats Wifi.* -Wifi.signal -Wifi.local -Wifi.run -Wifi.check_link -Wifi.down
radio   app.wifi -Wifi.resting -Wifi.ease
status  app.web.status *
facts   app.net Net.page_url
status  app.clock Clock.age_words
facts   supply Supply.believed
facts   app.diag Device.rssi Device.faults Device.vcc Device.is_online Device.url
facts   app.wifi Wifi.signal Wifi.local
status  supply Supply.* -Supply.__init__ -Supply.boot_waits -Supply.measured -Supply._judge
status  supply -Supply.fall -Supply.publish_s -Supply.believed -Supply.radio_may
facts   hanport.doctor Findings.lamps Findings._fresh Findings.sentence
facts   hanport.fault *
json    payload.fulljson *
totals  totals Totals.review Totals._whose Totals._forget Totals._flow Totals._least Totals._take
totals  totals Totals._room
totals  totals Totals.safe Totals.fill_in Totals.held_back Totals.save_due is_total
totals  app.kept watch
merge   app.mailbox Mailbox.put
merge   hanport.reading Reading.merge Reading.show Reading.timed
merge   hanport.derive *
merge   hanport.scale *
merge   hanport.profiles Plans.watch
ha      payload.homeassistant * Memory.*
ha      payload.haentities *
writer  payload.writer Writer.chars Writer.octet Writer.quoted Writer.part
old     payload.ancestor *
old     payload.asked *
frame   hanport.framing * Framing.* -Framing.feed -Framing.__init__
frame   hanport.hdlc *
frame   hanport.mbus *
frame   hanport.p1 * P1Framer.*
open    hanport.decoder Decoder.* -Decoder.feed -Decoder.__init__
open    hanport.apdu *
open    hanport.doctor Findings.event
cipher  hanport.ciphering * Ciphering.*
decode  hanport.cosem * -clock -clock_fits
decode  hanport.axdr * -length -after_length
decode  hanport.registers * -find -after -name_at -name -unit
facts   hanport.registers after name_at name
decode  hanport.profiles * Plans.find Plans.take
lines   hanport.dsmr * Lines.*
time    hanport.cosem clock clock_fits
time    localtime days date offset _summer to_utc meter_utc
"""


def rows():
    """A list of rows of (module, [names])."""
    found = {}
    for line in _ROWS.strip().split("\n"):
        row, module, *names = line.split()
        found.setdefault(row, {}).setdefault(module, []).extend(names)
    return [list(row.items()) for row in found.values()]
