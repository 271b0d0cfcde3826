"""The private certificate authority of one installation, and central's own certificate under it.

The authority may only vouch for the names that it was made for (name constraints), so whoever steals its key
can't impersonate other servers to the machines that trust it. Both certificates are valid from 1970, so that
a node whose clock stands at its birth still reaches central and learns the time. Browsers that refuse long
validity get a public certificate in front instead.
"""

import ipaddress
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from attendance.errors import HadirError
from central.private_files import private_folder, read_private, write_private

CA_LIFETIME = timedelta(days=20 * 365)
SERVER_LIFETIME = timedelta(days=10 * 365)
_OLDEST_CLOCK = datetime(1970, 1, 1, tzinfo=UTC)
_Key = ec.EllipticCurvePrivateKey


class AuthorityError(HadirError):
    """A certificate or its key is missing or damaged."""


def make_authority(data_dir: Path, names: Sequence[str], now: datetime) -> None:
    """Make `data_dir/ca.crt` and the rest in `data_dir/tls`, where they are missing.

    Args:
        data_dir: central's own folder.
        names: host names and addresses of central; the authority is limited to them and what lies below.
        now: the validity ends counted from here.

    Raises:
        AuthorityError, PrivateFileError: what is there can't be used.
    """
    folder = private_folder(data_dir / "tls")
    if not (folder / "ca.key").exists():
        key = ec.generate_private_key(ec.SECP256R1())
        _store(ca_file(data_dir), folder / "ca.key", key, _authority_certificate(key, names, now))
    if not (folder / "server.key").exists():
        ca, ca_key = _read_authority(data_dir)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _server_certificate(key, ca_key, ca, names, now)
        _store(folder / "server.crt", folder / "server.key", key, certificate)


def ca_file(data_dir: Path) -> Path:
    """The certificate that nodes and browsers are told to trust."""
    return data_dir / "ca.crt"


def require_server_files(data_dir: Path) -> None:
    """Refuse what `serve` could not use.

    Raises:
        AuthorityError: certificate or key are missing, damaged or no pair.
    """
    certificate, key = server_files(data_dir)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except OSError as error:  # what the ssl module raises is one too
        raise AuthorityError(_unusable(certificate, key)) from error


def server_files(data_dir: Path) -> tuple[Path, Path]:
    """Certificate and key that `serve` uses."""
    return data_dir / "tls" / "server.crt", data_dir / "tls" / "server.key"


def _read_authority(data_dir: Path) -> tuple[x509.Certificate, _Key]:
    key_file = data_dir / "tls" / "ca.key"
    try:
        key = load_pem_private_key(read_private(key_file), None)
        ca = x509.load_pem_x509_certificate(ca_file(data_dir).read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise AuthorityError(_unusable(ca_file(data_dir), key_file)) from error
    if not isinstance(key, _Key):
        raise AuthorityError(_unusable(ca_file(data_dir), key_file))
    return ca, key


def _unusable(certificate: Path, key: Path) -> str:
    return f"{certificate} atau {key} hilang atau rusak: kembalikan keduanya dari cadangan."


def general_name(name: str) -> x509.GeneralName:
    """A host name or an address as certificates write it."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _permitted(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_network(name))
    except ValueError:
        return x509.DNSName(name)


def _authority_certificate(key: _Key, names: Sequence[str], now: datetime) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Hadir private authority")])
    # Both kinds are always named: a kind that no constraint speaks of would be unlimited.
    allowed = dict.fromkeys([*names, "localhost", "127.0.0.1"])
    return (
        _builder(subject, subject, key, now + CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .add_extension(x509.NameConstraints([_permitted(name) for name in allowed], None), critical=True)
        .sign(key, hashes.SHA256())
    )


def _server_certificate(
    key: _Key, ca_key: _Key, ca: x509.Certificate, names: Sequence[str], now: datetime
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Hadir central")])
    return (
        _builder(subject, ca.subject, key, now + SERVER_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([general_name(name) for name in names]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: _Key, until: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_OLDEST_CLOCK)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        key_cert_sign=certificates,
        crl_sign=certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _store(certificate_file: Path, key_file: Path, key: _Key, certificate: x509.Certificate) -> None:
    # The certificate first: without a key beside it the next `init` makes both anew.
    certificate_file.unlink(missing_ok=True)
    write_private(certificate_file, certificate.public_bytes(Encoding.PEM), mode=0o644)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(key_file, pem)
