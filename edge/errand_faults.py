"""How an order that is being done can end without success."""


class OrderRefusedError(Exception):
    """It will never be done as it stands.

    Attributes:
        reason: as in `attendance.templates.OrderFailed`.
        detail: an English sentence; never of a template.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class FingerCameError(Exception):
    """Something lies on the glass: that comes first, the order begins anew afterwards."""


class TouchNeededError(Exception):
    """The module searches for what was sent to it only once a finger has lain on the glass."""
