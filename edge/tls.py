"""TLS to central: one authority that we pinned, and plain words when it does not hold."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

from edge.faults import LinkError
from edge.link_faults import LinkFault, link_error

_PRODUCT_EXISTS_SINCE_MS = 1_767_225_600_000  # 2026-01-01 UTC
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, for which Python has no name
_NOT_YET_VALID, _EXPIRED = 9, 10  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED


def clock_is_impossible(wall_ms: int) -> bool:
    """Whether the wall clock is wrong for certain: earlier than this product."""
    return wall_ms < _PRODUCT_EXISTS_SINCE_MS


def pinned_context(ca_file: Path, *, ignore_time: bool) -> ssl.SSLContext:
    """Trust this authority and no other; host names are checked; TLS 1.2 or newer.

    Args:
        ca_file: PEM.
        ignore_time: leave the dates of certificates out. With an impossible clock checking them proves
            nothing, and would cut the node off for ever: the time that repairs it comes over this very link,
            signed. Authority and name still count.

    Raises:
        LinkError: the file can't be used.
    """
    try:
        context = ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ValueError) as error:
        raise link_error(LinkFault.SETTING, f"ca_file {ca_file} can't be used: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ignore_time:
        context.verify_flags |= _NO_CHECK_TIME
    return context


def certificate_fault(cause: ssl.SSLCertVerificationError, wall_ms: int) -> LinkError:
    """Why the certificate that was shown is not accepted."""
    if cause.verify_code in (_NOT_YET_VALID, _EXPIRED):
        believed = datetime.fromtimestamp(wall_ms // 1000, UTC).isoformat(" ", "minutes")
        message = (
            f"{cause.verify_message}; this node believes it is {believed}: check its clock and RTC battery"
        )
        return link_error(LinkFault.CLOCK, message)
    message = f"{cause.verify_message}: this is not our central (a captive portal, or another ca_file)"
    return link_error(LinkFault.UNTRUSTED, message)
