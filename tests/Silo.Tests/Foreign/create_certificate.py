"""Calls istio.v1.auth.IstioCertificateService/CreateCertificate as a foreign client: grpcio, and messages encoded by hand.

Reads one JSON object a line on stdin: {"token", "csr", "seconds", "metadata", "impersonate"}; writes one a line: {"code", "details", "chain"}.
Arguments: target, path of the PEM trust bundle.
"""
import json
import sys

import grpc

PATH = "/istio.v1.auth.IstioCertificateService/CreateCertificate"


def varint(value):
    out = bytearray()
    value &= (1 << 64) - 1
    while True:
        out.append((value & 0x7F) | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(out)


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def request_bytes(ask):
    out = field(1, ask["csr"].encode())
    if ask.get("seconds") is not None:
        out += varint(3 << 3) + varint(ask["seconds"])
    if ask.get("impersonate"):
        value = field(3, ask["impersonate"].encode())  # google.protobuf.Value.string_value
        entry = field(1, b"ImpersonatedIdentity") + field(2, value)
        out += field(4, field(1, entry))  # google.protobuf.Struct.fields
    return out


def read_varint(data, at):
    shift = value = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def chain_of(data):
    chain, at = [], 0
    while at < len(data):
        tag, at = read_varint(data, at)
        length, at = read_varint(data, at)
        assert tag == (1 << 3 | 2), tag
        chain.append(data[at:at + length].decode())
        at += length
    return chain


def main():
    target, roots = sys.argv[1], open(sys.argv[2], "rb").read()
    credentials = grpc.ssl_channel_credentials(root_certificates=roots)
    # A token above the bound has to reach the server: this client's own bound on headers must not be in the way.
    with grpc.secure_channel(target, credentials, options=[("grpc.max_metadata_size", 64 * 1024)]) as channel:
        call = channel.unary_unary(PATH, request_serializer=request_bytes, response_deserializer=chain_of)
        for line in sys.stdin:
            ask = json.loads(line)
            metadata = [tuple(pair) for pair in ask.get("metadata", [])]
            if ask.get("token") is not None:
                metadata.append(("authorization", "Bearer " + ask["token"]))
            try:
                answer = {"code": "OK", "details": "", "chain": call(ask, metadata=metadata, timeout=20)}
            except grpc.RpcError as error:
                answer = {"code": error.code().name, "details": error.details(), "chain": []}
            print(json.dumps(answer), flush=True)


main()
