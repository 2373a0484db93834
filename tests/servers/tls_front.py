"""TLS in front of a server: a certificate of an authority that nobody knows, and a way on to the server itself."""

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.servers.processes import LOOPBACK


@dataclass(frozen=True, slots=True)
class Front:
    """Where it listens, and the file of the authority that vouches for it."""

    endpoint: str
    authority: Path


@contextmanager
def tls_front(endpoint: str, folder: Path) -> Iterator[Front]:
    """Pass what comes over TLS on to the server, until the block ends."""
    certificate = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, folder / "key.pem")
    host, _, port = endpoint.partition(":")
    with closing(socket.create_server((LOOPBACK, 0))) as listener:
        thread = Thread(target=_serve, args=(listener, context, (host, int(port))))
        thread.start()
        try:
            yield Front(f"{LOOPBACK}:{listener.getsockname()[1]}", certificate)
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            thread.join()


def _serve(listener: socket.socket, context: ssl.SSLContext, server: tuple[str, int]) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            Thread(target=_connect, args=(client, context, server), daemon=True).start()


def _connect(client: socket.socket, context: ssl.SSLContext, server: tuple[str, int]) -> None:
    with (
        suppress(OSError),
        client,
        context.wrap_socket(client, server_side=True) as secure,
        socket.create_connection(server) as onward,
    ):
        answers = Thread(target=_pass_on, args=(onward, secure), daemon=True)
        answers.start()
        _pass_on(secure, onward)
        answers.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOOPBACK))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    text, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(text, serialization.PrivateFormat.PKCS8, plain))
    (folder / "certificate.pem").write_bytes(made.public_bytes(text))
    return folder / "certificate.pem"
