"""A certificate authority for one test, and a leaf it signed, as files a mailer can be given."""

import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mxprobe.lab.mta.mailer import KeyPair

_DAY = datetime.timedelta(days=1)


class Certificate(KeyPair, frozen=True, kw_only=True):
    """A key pair whose `authority`, the root, is a PEM file as well."""

    authority: Path


def issue_certificate(directory: Path, *names: str) -> Certificate:
    """Write a new authority and a leaf for the DNS `names` into `directory`; valid from yesterday until tomorrow."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    root = _name("mxprobe tests authority")
    constraints = x509.BasicConstraints(ca=True, path_length=0)
    authority = (
        _draft(root, authority_key)
        .issuer_name(root)
        .add_extension(constraints, critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    leaf = (
        _draft(_name(names[0]), leaf_key)
        .issuer_name(root)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    files = Certificate(
        chain=directory / f"{names[0]}.chain.pem",
        key=directory / f"{names[0]}.key.pem",
        authority=directory / f"{names[0]}.authority.pem",
    )
    pem = serialization.Encoding.PEM
    files.chain.write_bytes(leaf.public_bytes(pem) + authority.public_bytes(pem))
    files.authority.write_bytes(authority.public_bytes(pem))
    files.key.write_bytes(
        leaf_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    return files


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _draft(subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
