"""A certificate authority of the benchmark's own, and a certificate for each address that it serves."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PEM = serialization.Encoding.PEM
START = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
END = START + datetime.timedelta(days=30)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _builder(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(END)
    )


class Authority:
    """Signs with ECDSA on P-256, as most of the web's certificates are signed."""

    NAME = "Pagecard benchmark CA"

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())
        self._identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        self._certificate = (
            _builder(self.NAME, self.NAME, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(self._identifier, critical=False)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def pem(self) -> bytes:
        """The certificate that a client has to trust."""
        return self._certificate.public_bytes(PEM)

    def contexts(self, addresses: list[str], folder: Path) -> Iterator[ssl.SSLContext]:
        """A server's context for each address; certificates and key are left in `folder`."""
        key_file = folder / "key.pem"
        key_file.write_bytes(
            self._leaf_key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        for address in addresses:
            certificate_file = folder / f"{address}.pem"
            certificate_file.write_bytes(self._leaf(address))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate_file, key_file)
            yield context

    def _leaf(self, address: str) -> bytes:
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self._identifier)
        builder = _builder(address, self.NAME, self._leaf_key).add_extension(names, critical=False)
        return builder.add_extension(issuer, critical=False).sign(self._key, hashes.SHA256()).public_bytes(PEM)
