"""What a punch means: values in, values out. No clock, disk, network, log or framework here."""
