"""Faults of the node's own hardware and wires: what is broken, and whether to retry or to call a technician.

A refusal ("this finger is not known") is a value, and bad data of others is an `EvidenceError`. A fault is
neither: something of ours does not work. Foreign exceptions become a fault once, at the door of the module
that touches the thing.
"""

from datetime import timedelta


class Fault(Exception):  # noqa: N818 - a fault is the word of this project
    """Something of the node's own hardware or wire is bad.

    Attributes:
        kind: A short kebab-case name of what is wrong, stable for logs and metrics.
        retry: True if trying again may help; False if a technician must come.
        message: An English sentence for the log.
        sentence_id: The name of the Indonesian sentence the display shows.
    """

    def __init__(self, kind: str, retry: bool, message: str, sentence_id: str) -> None:
        # All four, so that a fault can be copied to another process.
        super().__init__(kind, retry, message, sentence_id)
        self.kind = kind
        self.retry = retry
        self.message = message
        self.sentence_id = sentence_id

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


class SensorError(Fault):
    """The fingerprint sensor or its wire is bad; `edge.sensor_faults` names the kinds and their sentences."""


class LinkError(Fault):
    """The way to central is bad; `edge.link_faults` names the kinds and their sentences.

    Attributes:
        retry_after: how long central asked to be left alone, or None.
    """

    retry_after: timedelta | None = None


class EnrolmentError(Fault):
    """The node is not claimed, or what the claim left behind can't be read: keys, or `server.json`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind, False, message, "not-enrolled")


class PunchSocketError(Fault):
    """The punch process of this node is away; it will be back."""

    def __init__(self, message: str) -> None:
        super().__init__("punch-away", True, message, "sensor-wait")


class StorageError(Fault):
    """The disk does not keep what it must keep; `edge.journal_faults` names the kinds and their sentence.

    Attributes:
        event: number of the event that a reader of the segments could not get, or None.
    """

    event: int | None = None
