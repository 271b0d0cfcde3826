"""A UART fingerprint module in software: the bytes, the flash, the quirks and the faults, on a pty."""
