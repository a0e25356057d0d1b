"""Ethernet, on the boards that have it: the same states and attributes as WiFi."""

import asyncio

import board_config as config
import network
from machine import Pin

from app.wifi import CONNECTED, CONNECTING, LOST, NO_ADDRESS, Wifi

NO_CABLE = "no cable"
NO_CHIP = "the Ethernet chip does not answer"

PATIENCE_S = 20  # link but no address


class Ether(Wifi):
    """The board's Ethernet chip, kept up by its driver; run() only watches."""

    kind = "Ethernet"

    def signal(self):
        """A cable has no signal strength."""
        return None

    def ease(self, level):
        """A cable costs the same at each level of the supply."""

    def _open(self):
        """The interface; None when its chip does not answer."""
        network.hostname(self.host_name())
        values = {
            "mdc": Pin(config.ETH_MDC),
            "mdio": Pin(config.ETH_MDIO),
            "power": None if config.ETH_POWER is None else Pin(config.ETH_POWER),
            "phy_type": getattr(network, "PHY_" + config.ETH_PHY),
            "phy_addr": config.ETH_ADDR,
        }
        if config.ETH_CLOCK is not None:
            values["ref_clk"] = Pin(config.ETH_CLOCK)
            values["ref_clk_mode"] = Pin.OUT if config.ETH_CLOCK_OUT else Pin.IN
        try:
            lan = network.LAN(**values)
            lan.active(True)
            fixed = self.fixed()
            if fixed:
                lan.ifconfig(fixed)
            return lan
        except (OSError, ValueError, TypeError):
            return None

    def _cable(self, lan):
        """False when the chip knows that no cable is in."""
        try:
            return lan.status() not in (network.ETH_STARTED, network.ETH_DISCONNECTED)
        except AttributeError:
            return True

    async def run(self):
        """Watch for ever; returns only when there is no chip."""
        self.attempts += 1
        lan = self._open()
        if lan is None:
            self.enter(NO_CHIP)
            return
        self.enter(CONNECTING)
        waited = 0
        while True:
            if lan.isconnected():
                waited = 0
                self.enter(CONNECTED, lan.ifconfig()[0])
            elif not self._cable(lan):
                waited = 0
                self.enter(NO_CABLE)
            elif self.state == CONNECTED:
                self.enter(LOST)
            else:
                waited += 1
                if waited > PATIENCE_S:
                    self.enter(NO_ADDRESS)
            await asyncio.sleep(1)
