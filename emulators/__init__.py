"""The outside world in software: sensor, fingers, camera, clock, link. Shares no code with what it tests."""
