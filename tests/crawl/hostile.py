"""A web server on which every second page is a trap, and what a crawl should say of each."""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
import socket
import ssl
import struct
import threading
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Writer = asyncio.StreamWriter
MEBI = 1 << 20
PACKED_MEBIS = 100


class Asked(NamedTuple):
    """A request: when it came, for which host, which path, and its headers with names in lower case."""

    moment: float
    host: str
    path: str
    headers: dict[str, str]


@cache
def bomb(wbits: int = 31) -> bytes:
    """100 MiB of zeros in half a MB of gzip, or of deflate (`wbits=15`)."""
    packer = zlib.compressobj(1, wbits=wbits)
    zeros = bytes(MEBI)
    return b"".join(packer.compress(zeros) for _ in range(PACKED_MEBIS)) + packer.flush()


def certificate(folder: Path) -> ssl.SSLContext:
    """A context with a certificate that nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "self-signed.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


class HostileSite:
    """Serves fixed answers by path and traps by name, on 127.0.0.1 and 127.0.0.2, and on a port with TLS.

    Args:
        folder: Where the certificate goes.
    """

    def __init__(self, folder: Path) -> None:
        self.asked: list[Asked] = []
        self.sent: Counter[str] = Counter()
        self.fixed: dict[str, bytes] = {}
        self.by_host: dict[str, dict[str, bytes]] = {}
        self.traps: dict[str, Callable[[str, Writer], Awaitable[None]]] = {
            "drip": self._drip, "drip-head": self._drip_head, "endless": self._endless, "wall": self._wall,
            "huge": self._huge, "huge-chunked": self._huge_chunked, "bad-chunks": self._bad_chunks, "cut": self._cut,
            "reset": self._reset, "reset-later": self._reset_later, "hang-up": self._hang_up, "garbage": self._garbage,
            "head-flood": self._head_flood, "busy-once": self._busy_once, "deeper": self._deeper,
        }  # fmt: skip
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._servers: list[asyncio.Server] = []
        self.port = self._listen("127.0.0.1", 0)
        self._listen("127.0.0.2", self.port)
        self.tls_port = self._listen("127.0.0.1", 0, certificate(folder))

    def _listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        starting = asyncio.start_server(self._serve, host, port, ssl=tls)
        server = asyncio.run_coroutine_threadsafe(starting, self._loop).result(10)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Stops serving, at once."""

        def stop() -> None:
            for server in self._servers:
                server.close()
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.call_soon(self._loop.call_soon, self._loop.stop)

        self._loop.call_soon_threadsafe(stop)
        self._thread.join(10)
        self._loop.close()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """The address of a path."""
        return f"http://{host}:{self.port}{path}"

    def count(self, host: str = "127.0.0.1") -> Counter[str]:
        """How often each path of a host was asked for."""
        return Counter(one.path for one in self.asked if one.host == host)

    def put(self, path: str, body: bytes, status: str = "200 OK", host: str = "", **headers: str) -> str:
        """Fixes the answer to a path, of one host or of all; returns its address."""
        named = {"Content-Type": "text/html; charset=utf-8"} | {n.replace("_", "-"): v for n, v in headers.items()}
        lines = [f"HTTP/1.1 {status}", *(f"{n}: {v}" for n, v in named.items() if v), f"Content-Length: {len(body)}"]
        where = self.by_host.setdefault(host, {}) if host else self.fixed
        where[path] = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
        return self.url(path, host or "127.0.0.1")

    def put_sitemap(self, path: str, urls: list[str], tag: str = "url") -> str:
        """Fixes a sitemap, or an index of sitemaps (`tag="sitemap"`)."""
        inner = "".join(f"<{tag}><loc>{url}</loc></{tag}>" for url in urls)
        root = "urlset" if tag == "url" else "sitemapindex"
        xml = f'<{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{inner}</{root}>'.encode()
        packed = path.endswith(".gz")
        kind = "application/gzip" if packed else "application/xml"
        return self.put(path, gzip.compress(xml, 1) if packed else xml, Content_Type=kind)

    async def _serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        try:
            while first := await reader.readexactly(1):
                if first == b"\x16":  # a client that greets in TLS
                    await self._send("", writer, b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                    return
                head = first + await reader.readuntil(b"\r\n\r\n")
                request, *lines = head.decode("latin-1").split("\r\n")
                headers = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in lines) if n}
                host, path = headers.get("host", "").partition(":")[0], request.split(" ")[1]
                self.asked.append(Asked(monotonic(), host, path, headers))
                fixed = self.by_host.get(host, {}).get(path) or self.fixed.get(path)
                if fixed is not None:
                    await self._send(path, writer, fixed)
                elif trap := self.traps.get(path.partition("?")[0].split("/")[1]):
                    await trap(path, writer)
                    if writer.is_closing():
                        return
                else:
                    await self._send(path, writer, b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone")
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _send(self, path: str, writer: Writer, octets: bytes) -> None:
        writer.write(octets)
        await writer.drain()
        self.sent[path] += len(octets)

    async def _drip(self, path: str, writer: Writer) -> None:
        """A page that comes at five octets a second and would take an hour."""
        await self._send(path, writer, b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 18000\r\n\r\n")
        while True:
            await self._send(path, writer, b"x")
            await asyncio.sleep(0.2)

    async def _drip_head(self, path: str, writer: Writer) -> None:
        await self._send(path, writer, b"HTTP/1.1 200 OK\r\n")
        while True:
            await self._send(path, writer, b"X-A: b\r\n")
            await asyncio.sleep(0.2)

    async def _endless(self, path: str, writer: Writer) -> None:
        """Redirects that lead ever further."""
        number = int(path.rpartition("/")[2]) + 1
        await self._send(
            path, writer, f"HTTP/1.1 302 Found\r\nLocation: /endless/{number}\r\nContent-Length: 0\r\n\r\n".encode()
        )

    async def _wall(self, path: str, writer: Writer) -> None:
        """Wants its cookie before it shows anything, and hands it out with a redirect to itself."""
        number = int(path.partition("?")[2] or 0) + 1
        there = f"Set-Cookie: consent={number}\r\nLocation: /wall?{number}"
        await self._send(path, writer, f"HTTP/1.1 302 Found\r\n{there}\r\nContent-Length: 0\r\n\r\n".encode())

    async def _huge(self, path: str, writer: Writer) -> None:
        """5 GB, as its header says."""
        await self._send(
            path, writer, b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5000000000\r\n\r\n"
        )
        for _ in range(5000):
            await self._send(path, writer, b"<p>more</p>\n" * 83_333)

    async def _huge_chunked(self, path: str, writer: Writer) -> None:
        """5 GB, as nobody says."""
        await self._send(
            path, writer, b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        part = b"<p>more</p>\n" * 8333
        for _ in range(50_000):
            await self._send(path, writer, b"%x\r\n%s\r\n" % (len(part), part))

    async def _bad_chunks(self, path: str, writer: Writer) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
        await self._send(path, writer, head + b"5\r\n<p>ab\r\nnot a number\r\ncd</p>\r\n0\r\n\r\n")
        writer.close()

    async def _cut(self, path: str, writer: Writer) -> None:
        await self._send(
            path, writer, b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9000\r\n\r\n<p>half"
        )
        writer.close()

    async def _reset(self, path: str, writer: Writer) -> None:
        self._abort(writer)

    async def _reset_later(self, path: str, writer: Writer) -> None:
        await self._send(
            path, writer, b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9000\r\n\r\n<p>half"
        )
        await asyncio.sleep(0.1)
        self._abort(writer)

    @staticmethod
    def _abort(writer: Writer) -> None:
        at_once = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        writer.transport.abort()

    async def _hang_up(self, path: str, writer: Writer) -> None:
        writer.close()

    async def _garbage(self, path: str, writer: Writer) -> None:
        await self._send(path, writer, b"SSH-2.0-OpenSSH_9.9\r\n\r\n")
        writer.close()

    async def _head_flood(self, path: str, writer: Writer) -> None:
        """A header without end."""
        await self._send(path, writer, b"HTTP/1.1 200 OK\r\nX-Flood: ")
        for _ in range(500):
            await self._send(path, writer, b"a" * MEBI)

    async def _busy_once(self, path: str, writer: Writer) -> None:
        """429 with a pause of a second, then the page."""
        first = sum(one.path == path for one in self.asked) == 1
        busy = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
        page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<p>at last</p>\n"
        await self._send(path, writer, busy if first else page)

    async def _deeper(self, path: str, writer: Writer) -> None:
        """An index of sitemaps that names another, and so on."""
        number = int(path.rpartition("/")[2]) + 1
        xml = f"<sitemapindex><sitemap><loc>{self.url(f'/deeper/{number}')}</loc></sitemap></sitemapindex>".encode()
        await self._send(
            path, writer,
            b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n%s" % (len(xml), xml),
        )  # fmt: skip
