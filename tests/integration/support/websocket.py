"""A WebSocket client (RFC 6455) of a few lines, for cockpit-ws."""

import base64
import hashlib
import os
import select
import socket
import struct
import time

from .wait import TIMEOUT

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Closed(Exception):
    """The server closed the connection."""


class WebSocket:
    def __init__(self, port, path, protocol, timeout=TIMEOUT, receive_buffer=None,
                 cookie=None):
        self.timeout = timeout
        self._socket = socket.socket()
        if receive_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(timeout)
        self._socket.connect(("127.0.0.1", port))
        self._buffer = b""
        key = base64.b64encode(os.urandom(16))
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {protocol}\r\nSec-WebSocket-Key: {key.decode()}\r\n"
            f"{f'Cookie: {cookie}' if cookie else 'X-None: none'}\r\n\r\n"
            .encode())
        while b"\r\n\r\n" not in self._buffer:
            self._fill(time.monotonic() + timeout)
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        assert accept in head, head

    def fileno(self):
        return self._socket.fileno()

    def _fill(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self._socket], [], [], left)[0]:
            raise TimeoutError("cockpit-ws says nothing")
        data = self._socket.recv(1 << 18)
        if not data:
            raise Closed
        self._buffer += data

    def _take(self, length, deadline):
        while len(self._buffer) < length:
            self._fill(deadline)
        data, self._buffer = self._buffer[:length], self._buffer[length:]
        return data

    def send(self, data, opcode):
        mask = os.urandom(4)
        length = len(data)
        if length < 126:
            head = struct.pack(">BB", 0x80 | opcode, 0x80 | length)
        elif length < 65536:
            head = struct.pack(">BBH", 0x80 | opcode, 0x80 | 126, length)
        else:
            head = struct.pack(">BBQ", 0x80 | opcode, 0x80 | 127, length)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
        self._socket.sendall(head + mask + masked)

    def receive(self):
        """The next message, as bytes."""
        deadline = time.monotonic() + self.timeout
        message = b""
        while True:
            first, second = self._take(2, deadline)
            length = second & 0x7F
            if length == 126:
                length, = struct.unpack(">H", self._take(2, deadline))
            elif length == 127:
                length, = struct.unpack(">Q", self._take(8, deadline))
            data = self._take(length, deadline)
            opcode = first & 0x0F
            if opcode == CLOSE:
                raise Closed
            if opcode == PING:
                self.send(data, PONG)
            if opcode in (0, TEXT, BINARY):
                message += data
                if first & 0x80:
                    return message

    def close(self):
        self._socket.close()
