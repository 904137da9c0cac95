"""Protocol buffers by hand, so that field numbers are checked against the public definitions and not against ours; and calls over the agent's socket."""
import os
import sys

import grpc

TIMEOUT = 30


def _varint(n):
    out = b""
    while True:
        n, low = n >> 7, n & 0x7F
        out += bytes([low | (0x80 if n else 0)])
        if not n:
            return out


def field(number, value):
    """A field: bytes, text or another message (bytes) length-delimited, an int or bool as a varint."""
    if isinstance(value, (int, bool)):
        return _varint(number << 3) + _varint(int(value))
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def parse(data):
    """{field number: [values in order]}"""
    fields, i = {}, 0

    def varint():
        nonlocal i
        n = shift = 0
        while True:
            b = data[i]
            i += 1
            n |= (b & 0x7F) << shift
            shift += 7
            if not b & 0x80:
                return n

    while i < len(data):
        key = varint()
        if key & 7 == 0:
            value = varint()
        elif key & 7 == 2:
            size = varint()
            value = data[i:i + size]
            i += size
        else:
            raise AssertionError(f"wire type {key & 7} is in none of these messages")
        fields.setdefault(key >> 3, []).append(value)
    return fields


def text(message, number):
    return message[number][0].decode() if number in message else ""


def expect(actual, wanted):
    if actual != wanted:
        raise AssertionError(f"wanted {wanted!r}, got {actual!r}")


def refused(code, call, words=""):
    try:
        result = call()
    except grpc.RpcError as error:
        expect(error.code(), code)
        if words not in (error.details() or ""):
            raise AssertionError(f"'{words}' is not in: {error.details()}")
        return error
    raise AssertionError(f"wanted {code}, got {result!r}")


def as_user():
    """Other users connect as themselves."""
    uid = os.environ.get("CHECK_UID")
    if uid:
        os.setgroups([])
        os.setgid(int(uid))
        os.setuid(int(uid))


def channel(socket):
    return grpc.insecure_channel("unix:" + socket, options=[("grpc.max_receive_message_length", 1 << 24)])


def run(checks):
    as_user()
    with channel(sys.argv[1]) as connection:
        checks[sys.argv[2]](connection, *sys.argv[3:])


def der(data):
    """The DER values that lie one after another."""
    parts, i = [], 0
    while i < len(data):
        expect(data[i], 0x30)
        size, head = data[i + 1], 2
        if size & 0x80:
            head += size & 0x7F
            size = int.from_bytes(data[i + 2:i + head], "big")
        parts.append(data[i:i + head + size])
        i += head + size
    expect(i, len(data))
    return parts


def rules(named, connection, most=16):
    """Holds all of them, side by side since many of them wait for silence; prints each by its name."""
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(most) as pool:
        running = [(name, pool.submit(rule, connection)) for name, rule in named]
        broken = 0
        for name, held in running:
            error = held.exception()
            broken += error is not None
            print(f"{'broken' if error else 'held'}: {name}" + (f": {type(error).__name__}: {error}" if error else ""), flush=True)
    sys.exit(1 if broken else 0)
