"""All that answers those who look at the device. In memory while somebody does: see app/page.py."""
