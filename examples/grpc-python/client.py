"""
A gRPC client with mutual TLS from an agent's files.
Usage: client.py PORT FOLDER SERVER-DNS-NAME [ROTATIONS], where ROTATIONS is how many new certificates of its own and of the server it waits for.
"""
import re
import sys
import time

import grpc

from svid_files import SvidFiles

PATIENCE = 60


def main(port, folder, server_name, rotations):
    files, credentials, own, servers, calls = SvidFiles(folder), None, 0, set(), 0
    deadline = time.monotonic() + PATIENCE
    while min(own, len(servers)) <= rotations:
        if time.monotonic() > deadline:
            sys.exit(f"only {own} own and {len(servers)} server certificates within {PATIENCE} s")
        parts = files.changed()
        if parts is not None:
            key, chain, bundle = parts
            credentials = grpc.ssl_channel_credentials(bundle, key, chain)
            own += 1
        # A program keeps its channel and opens another when its certificate is new. Here each call has one, so that each shows a handshake.
        # gRPC verifies chain and DNS name; it does not look at the server's SPIFFE ID.
        options = [("grpc.ssl_target_name_override", server_name), ("grpc.use_local_subchannel_pool", 1)]
        with grpc.secure_channel(f"127.0.0.1:{port}", credentials, options) as channel:
            try:
                answer = channel.unary_unary("/example.Greeter/Hello")(b"", timeout=10).decode()
            except grpc.RpcError as error:
                sys.exit(f"{error.code().name}: {error.details()}")
        calls += 1
        servers.add(re.search(r"certificate (\d+)$", answer)[1])
        if calls == 1:
            print(answer)
        time.sleep(0.05)
    print(f"{calls} calls, none failed; certificates seen: {own} own, {len(servers)} of the server")


main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 0)
