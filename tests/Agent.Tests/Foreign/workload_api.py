"""Conformance of the SPIFFE Workload API. usage: workload_api.py SOCKET CHECK [ARGUMENTS]; exits 0 when the check holds."""
import os
import sys
import time

import grpc

from wire import TIMEOUT, expect, field, parse, refused, run, text

HEADER = (("workload.spiffe.io", "true"),)
UNARY = {"FetchJWTSVID": field(1, "audience"), "ValidateJWTSVID": field(1, "audience") + field(2, "token")}
STREAMS = ("FetchX509SVID", "FetchX509Bundles", "FetchJWTBundles")


def call(connection, method, request=b"", metadata=HEADER, timeout=TIMEOUT):
    path = "/SpiffeWorkloadAPI/" + method
    if method in STREAMS:
        return connection.unary_stream(path)(request, metadata=metadata, timeout=timeout)
    return connection.unary_unary(path)(request, metadata=metadata, timeout=timeout)


def first(connection, method, **more):
    stream = call(connection, method, **more)
    message = next(stream)
    stream.cancel()
    return parse(message)


def header(connection):
    for method in STREAMS + tuple(UNARY):
        for metadata in ((), (("workload.spiffe.io", "false"),), (("workload.spiffe.io", "True"),), (("workload.spiffe.io", ""),),
                         HEADER * 2, (("workload.spiffe.io", "true,true"),)):
            def attempt():
                if method in STREAMS:
                    return next(call(connection, method, metadata=metadata))
                return call(connection, method, UNARY[method], metadata=metadata)
            refused(grpc.StatusCode.INVALID_ARGUMENT, attempt, "workload.spiffe.io")


def x509(connection, out, *wanted):
    """The SVIDs are WANTED ("id" or "id=hint"), in this order; the first one's parts go to OUT."""
    began = time.monotonic()
    message = first(connection, "FetchX509SVID")
    if time.monotonic() - began > 5:
        raise AssertionError("the first message did not come at once")
    svids = [parse(svid) for svid in message[1]]
    expect([text(s, 1) + ("=" + text(s, 5) if text(s, 5) else "") for s in svids], list(wanted))
    for svid in svids:
        expect(sorted(set(svid) - {5}), [1, 2, 3, 4])
    for name, number in (("svid.der", 2), ("key.der", 3), ("bundle.der", 4)):
        with open(os.path.join(out, name), "wb") as file:
            file.write(svids[0][number][0])


def bundles(connection, domain):
    message = first(connection, "FetchX509Bundles")
    entries = [parse(entry) for entry in message[2]]
    expect([text(entry, 1) for entry in entries], [domain])
    svid = parse(first(connection, "FetchX509SVID")[1][0])
    expect(entries[0][2][0], svid[4][0])


def unknown(connection):
    refused(grpc.StatusCode.UNIMPLEMENTED, lambda: connection.unary_unary("/SpiffeWorkloadAPI/FetchWITSVID")(b"", metadata=HEADER, timeout=TIMEOUT))
    refused(grpc.StatusCode.UNIMPLEMENTED, lambda: connection.unary_unary("/meshgrains.agent.v1.NodeAgent/Issue")(b"", timeout=TIMEOUT))


def no_identity(connection):
    for method in ("FetchX509SVID", "FetchX509Bundles"):
        refused(grpc.StatusCode.PERMISSION_DENIED, lambda: next(call(connection, method)))


def unavailable(connection):
    for method in ("FetchX509SVID", "FetchX509Bundles"):
        refused(grpc.StatusCode.UNAVAILABLE, lambda: next(call(connection, method)))


def rotate(connection, count, seconds):
    """COUNT different certificates of one identity on one stream within SECONDS, each with a key of its own."""
    leaves, keys, ids = set(), set(), set()
    stream = call(connection, "FetchX509SVID", timeout=float(seconds))
    for message in stream:
        svid = parse(parse(message)[1][0])
        leaves.add(svid[2][0])
        keys.add(svid[3][0])
        ids.add(text(svid, 1))
        if len(leaves) >= int(count):
            break
    stream.cancel()
    expect((len(keys), len(ids)), (int(count), 1))


def withdrawn(connection, ready):
    """Tells by the file READY that it has an identity; then the stream has to end with PERMISSION_DENIED."""
    stream = call(connection, "FetchX509SVID")
    next(stream)
    open(ready, "w").close()

    def rest():
        for _ in stream:
            pass

    refused(grpc.StatusCode.PERMISSION_DENIED, rest)


def health(connection):
    answer = connection.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=TIMEOUT)
    expect(parse(answer), {1: [1]})
    watched = next(connection.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=TIMEOUT))
    expect(parse(watched), {1: [1]})
    refused(grpc.StatusCode.NOT_FOUND, lambda: connection.unary_unary("/grpc.health.v1.Health/Check")(field(1, "nobody"), timeout=TIMEOUT))


def reflection(connection):
    ask = connection.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
    answer = parse(next(ask(iter([field(7, "")]), timeout=TIMEOUT)))
    services = [text(parse(service), 1) for service in parse(answer[6][0])[1]]
    for wanted in ("SpiffeWorkloadAPI", "envoy.service.secret.v3.SecretDiscoveryService", "grpc.health.v1.Health"):
        if wanted not in services:
            raise AssertionError(f"{wanted} is not among {services}")


if __name__ == "__main__":
    run({name: value for name, value in list(globals().items()) if callable(value) and getattr(value, "__module__", "") == "__main__"})
