"""TLS towards an API server: only the authorities that the cluster's access names are trusted."""

import os
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from auditor.collector.api.errors import NoAnswerError
from auditor.model.cluster import Api, Credential

ShownCertificate = dict[str, Any]
"""A server's certificate as `ssl.SSLSocket.getpeercert` gives it; empty where it is not checked."""


def tls_context(
    access: Api, credential: Credential, note: Callable[[ShownCertificate], None]
) -> ssl.SSLContext:
    """Make the context for an access and the client certificate of a credential.

    `note` is told the certificate that the server shows, at each handshake.

    Without a CA of its own the system's are trusted: those compiled in, not the ones that the
    environment (`SSL_CERT_FILE`) names.

    Raises:
        NoAnswerError: the CA or the client certificate cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if not access.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif access.ca is not None:
            context.load_verify_locations(cadata=access.ca.decode())
        else:
            _trust_system(context)
    except (ssl.SSLError, UnicodeDecodeError, ValueError) as error:
        message = f"the certificate-authority of the cluster is no PEM certificate: {error}"
        raise NoAnswerError(message) from error
    if credential.certificate is not None and credential.key is not None:
        _load_client_certificate(context, credential.certificate, credential.key)
    context.sslobject_class = _noting(note)
    return context


def _noting(note: Callable[[ShownCertificate], None]) -> type[ssl.SSLObject]:
    """Give the class of connections that tell their server's certificate."""

    class Noting(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            note(dict(self.getpeercert() or {}))

    return Noting


def plain_tls_error(error: BaseException) -> str:
    """Say in one line why a handshake failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate is not trusted: {error.verify_message}"
    reason = error.reason if isinstance(error, ssl.SSLError) else None
    return f"TLS failed: {reason or error}"


def _trust_system(context: ssl.SSLContext) -> None:
    compiled = ssl.get_default_verify_paths()
    if os.path.isfile(compiled.openssl_cafile):  # noqa: PTH113 - a path of the library
        context.load_verify_locations(cafile=compiled.openssl_cafile)
    if os.path.isdir(compiled.openssl_capath):  # noqa: PTH112 - a path of the library
        context.load_verify_locations(capath=compiled.openssl_capath)


def _load_client_certificate(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    try:
        with _private_file(certificate + b"\n" + key) as path:
            # An encrypted key would ask at the terminal; nobody may be there to answer.
            context.load_cert_chain(path, password=lambda: "")
    except (ssl.SSLError, OSError, ValueError) as error:
        raise NoAnswerError(f"the client certificate cannot be used: {error}") from error


@contextmanager
def _private_file(content: bytes) -> Iterator[str]:
    """Give a path with a content that only this process reads, in memory where that works."""
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create("client-certificate", os.MFD_CLOEXEC)
        try:
            os.write(handle, content)
            yield f"/proc/self/fd/{handle}"
        finally:
            os.close(handle)
        return
    with tempfile.NamedTemporaryFile() as file:  # for its owner alone, and gone at the end
        file.write(content)
        file.flush()
        yield file.name
