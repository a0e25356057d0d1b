"""From a Reading to the octets that a subscriber, a page or a tool gets."""
