"""
The whole conformance of the agent's socket, rule by rule. usage: conformance.py SOCKET GROUP [ARGUMENTS]

Each rule is printed by its name, "held: …" or "broken: …: why"; the exit code is 0 when all of the group hold. Groups differ in what this process is
entitled to: one (identities of its own trust domain), partners (several with hints, and another trust domain's bundle), nobody, unsynced, changing.
"""
import json
import os
import queue
import sys
import threading
import time

import grpc

import sds
import workload_api as api
from wire import TIMEOUT, channel, der, expect, field, parse, refused, rules, text

BAD_HEADERS = (("is missing", ()), ("says false", (("workload.spiffe.io", "false"),)), ("says True", (("workload.spiffe.io", "True"),)),
               ("is empty", (("workload.spiffe.io", ""),)), ("comes twice", api.HEADER * 2), ("holds two values", (("workload.spiffe.io", "true,true"),)),
               ("says yes and no", api.HEADER + (("workload.spiffe.io", "false"),)))
X509 = ("FetchX509SVID", "FetchX509Bundles")
STANDING = X509 + ("FetchJWTBundles",)
SDS = ("StreamSecrets", "DeltaSecrets", "FetchSecrets")


def headers():
    def rule(method, metadata):
        def attempt(connection):
            def call():
                answer = api.call(connection, method, api.UNARY.get(method, b""), metadata=metadata)
                return next(answer) if method in api.STREAMS else answer
            refused(grpc.StatusCode.INVALID_ARGUMENT, call, "workload.spiffe.io")
        return attempt
    return [(f"{method}: INVALID_ARGUMENT when the security header {how}", rule(method, metadata))
            for method in api.STREAMS + tuple(api.UNARY) for how, metadata in BAD_HEADERS]


def all_refused(code):
    def standing(method):
        return lambda connection: refused(code, lambda: next(api.call(connection, method)))

    def unary(method):
        return lambda connection: refused(code, lambda: api.call(connection, method, api.UNARY[method]))

    def secrets(method):
        def attempt(connection):
            if method == "FetchSecrets":
                return refused(code, lambda: sds.once(connection, ("default",)))
            stream = sds.Stream(connection, method)
            stream.ask(("default",)) if method == "StreamSecrets" else stream.ask_delta(subscribe=("default",))
            refused(code, stream.next)
        return attempt
    return [(f"{method}: {code.name}", kind(method)) for kind, methods in ((standing, STANDING), (unary, api.UNARY), (secrets, SDS)) for method in methods]


def health_says(status):
    return lambda connection: expect(parse(connection.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=TIMEOUT)), {1: [status]})


def one(domain, *ids):
    def sent(check):
        return lambda connection: check(connection, domain, *ids)

    def too_long(call):
        return lambda connection: refused(grpc.StatusCode.RESOURCE_EXHAUSTED, lambda: call(connection), "limit")

    def unary_of_stream(connection):
        message = api.first(connection, "FetchX509SVID", request=field(99, "what nobody knows"), metadata=api.HEADER + (("x-request-id", "1"),))
        expect(len(message[1]), len(ids))

    def der_fields(connection):
        for svid in (parse(item) for item in api.first(connection, "FetchX509SVID")[1]):
            expect(len(der(svid[2][0])), 2)
            expect(len(der(svid[4][0])), 1)
            key = der(svid[3][0])
            # PKCS #8: version 0, then the algorithm id-ecPublicKey.
            expect((len(key), b"\x02\x01\x00\x30" in key[0][:12], bytes.fromhex("2a8648ce3d0201") in key[0]), (1, True, True))
            expect(text(svid, 1).encode() in der(svid[2][0])[0], True)

    def jwt_arguments(connection):
        invalid, denied = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.PERMISSION_DENIED
        for code, method, request in (
                (invalid, "FetchJWTSVID", b""), (invalid, "FetchJWTSVID", field(1, "")), (invalid, "FetchJWTSVID", field(1, "a") + field(1, "")),
                (invalid, "FetchJWTSVID", field(1, "a") + field(2, "no SPIFFE ID")), (denied, "FetchJWTSVID", field(1, "a") + field(2, f"spiffe://{domain}/not-its-own")),
                (invalid, "ValidateJWTSVID", b""), (invalid, "ValidateJWTSVID", field(1, "a")), (invalid, "ValidateJWTSVID", field(2, "a")),
                (invalid, "ValidateJWTSVID", field(1, "a") + field(2, "no.token.this")), (invalid, "ValidateJWTSVID", field(1, "a") + field(2, "e30.e30."))):
            refused(code, lambda: api.call(connection, method, request))

    def deadline(connection):
        # A busy machine may let the shorter ones pass before the first message.
        for timeout in (0.7, 3, 9):
            came = []
            refused(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: [came.append(message) for message in api.call(connection, "FetchX509SVID", timeout=timeout)])
            if came:
                return
        raise AssertionError("nothing came before the deadline")

    def quiet(connection):
        stream = api.call(connection, "FetchX509SVID", timeout=TIMEOUT)
        next(stream)
        came = queue.Queue()

        def read():
            try:
                came.put(next(stream))
            except grpc.RpcError:
                pass
        threading.Thread(target=read, daemon=True).start()
        try:
            raise AssertionError(f"silence was due, and {came.get(timeout=sds.QUIET)!r} came")
        except queue.Empty:
            stream.cancel()

    def many(connection):
        streams = [api.call(connection, method) for method in X509 for _ in range(40)]
        for stream in streams:
            next(stream)
        for stream in streams:
            stream.cancel()

    def garbage(connection):
        for path in ("/SpiffeWorkloadAPI/FetchX509SVID", sds.SERVICE + "FetchSecrets"):
            refused(grpc.StatusCode.INTERNAL, lambda: connection.unary_unary(path)(b"\xff\xff\xff", metadata=api.HEADER, timeout=TIMEOUT))

    def silent_sds(connection):
        for method in ("StreamSecrets", "DeltaSecrets"):
            stream = sds.Stream(connection, method)
            stream.quiet()
            stream.close()

    def half_closed(connection):
        stream = sds.Stream(connection)
        stream.ask(("default",))
        stream.next()
        stream.out.put(None)
        try:
            stream.next()
        except StopIteration:
            return
        raise AssertionError("the stream did not end")

    return headers() + [
        ("Workload API: every identity with chain, key and bundle, the oldest first", lambda connection: api.x509(connection, os.environ["CHECK_OUT"], *ids)),
        ("Workload API: chain and bundle are DER one after another, the key is PKCS #8, the leaf names its SPIFFE ID", der_fields),
        ("Workload API: X.509 bundles by trust domain, the very bundle of the SVIDs", lambda connection: api.bundles(connection, "spiffe://" + domain)),
        ("Workload API: unknown fields and metadata are passed over", unary_of_stream),
        ("Workload API: JWT methods refuse missing and wrong arguments, and another's SPIFFE ID", jwt_arguments),
        ("Workload API: nothing is sent while nothing changes", quiet),
        ("Workload API: DEADLINE_EXCEEDED when the client's deadline passes", deadline),
        ("Workload API: many streams on one connection", many),
        ("Workload API: UNIMPLEMENTED for WIT-SVIDs and for the control plane's own services", api.unknown),
        ("Workload API: RESOURCE_EXHAUSTED for a request over 64 KB", too_long(lambda connection: next(api.call(connection, "FetchX509SVID", field(99, "n" * 70000))))),
        ("SDS: RESOURCE_EXHAUSTED for a request over 256 KB", too_long(lambda connection: connection.unary_unary(sds.SERVICE + "FetchSecrets")(field(99, "n" * 300000), timeout=TIMEOUT))),
        ("INTERNAL for what is no message", garbage),
        ("health without the header: Check and Watch say SERVING, NOT_FOUND for a stranger", api.health),
        ("reflection without the header lists every service", api.reflection),
        ("SDS without the header: every name, every two names, all names, and none", sent(sds.names)),
        ("SDS: INVALID_ARGUMENT names unknown names and the known ones; also for another type", sent(sds.unknown)),
        ("SDS: plain roots by metadata (bool and string) and for Envoy before 1.18; the first request's node holds", sent(sds.plain)),
        ("SDS: ACK is silent, a stale nonce is passed over, a NACK keeps its names, no nonce asks anew, fewer names are silent, none end it", sent(sds.acks)),
        ("SDS: a stream that names nothing gets everything, until it has named something", sent(sds.everything)),
        ("SDS: one name twice is one secret; a first request may carry an old nonce", sent(sds.twice)),
        ("SDS: FetchSecrets has one version for one content and a nonce for each answer", sent(sds.versions)),
        ("SDS: RESOURCE_EXHAUSTED for more names than a stream may remember; a refusal's text is bounded", sent(sds.bounded)),
        ("SDS: nothing is sent before the first request", silent_sds),
        ("SDS: a stream that the client closes ends with OK", half_closed),
        ("SDS delta: versions, removals, initial versions, NACK, subscribing again, everything by nothing and by *", sent(sds.delta)),
    ]


def partners(domain, partner, *wanted):
    ids = [item.split("=")[0] for item in wanted]

    def hints(connection):
        svids = [parse(item) for item in api.first(connection, "FetchX509SVID")[1]]
        expect([text(svid, 1) + ("=" + text(svid, 5) if text(svid, 5) else "") for svid in svids], list(wanted))

    def federated(connection):
        message = api.first(connection, "FetchX509SVID")
        expect(2 in message, False)
        found = {text(entry, 1): entry[2][0] for entry in (parse(item) for item in message[3])}
        expect(list(found), ["spiffe://" + partner])
        expect(found["spiffe://" + partner] != parse(message[1][0])[4][0], True)
        expect(len(der(found["spiffe://" + partner])), 1)

    def bundles(connection):
        message = api.first(connection, "FetchX509Bundles")
        expect(1 in message, False)
        expect(sorted(text(parse(item), 1) for item in message[2]), sorted(("spiffe://" + domain, "spiffe://" + partner)))

    def jwt_bundles(connection):
        found = {text(parse(item), 1): json.loads(parse(item)[2][0]) for item in api.first(connection, "FetchJWTBundles")[1]}
        expect(sorted(found), sorted(("spiffe://" + domain, "spiffe://" + partner)))
        expect([type(bundle["keys"]) for bundle in found.values()], [list, list])

    return [
        ("Workload API: FetchJWTBundles holds own and federated key sets, by trust domain", jwt_bundles),
        ("Workload API: hints are told, each once; of two identities with one hint the older one stays", hints),
        ("Workload API: federated bundles by trust domain, apart from the own one; no CRL", federated),
        ("Workload API: FetchX509Bundles holds own and federated bundles; no CRL", bundles),
        ("SDS: federated bundles by name and in ALL; ROOTCA stays the own one; no plain roots of two trust domains",
         lambda connection: sds.federated(connection, domain, partner, *ids)),
    ]


def unsynced():
    return headers() + all_refused(grpc.StatusCode.UNAVAILABLE) + [("health says NOT_SERVING before the control plane was heard", health_says(2))]


def nobody():
    def answers(connection):
        stream = connection.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
        next(stream(iter([field(7, "")]), timeout=TIMEOUT))
    return all_refused(grpc.StatusCode.PERMISSION_DENIED) + [
        ("health is told to a process without an identity", health_says(1)), ("reflection is told to a process without an identity", answers)]


def changing(connection, folder):
    """Standing streams while the other side changes what this process is entitled to; it waits for the files that this one makes."""
    def told(name):
        print("held: " + name, flush=True)

    def step(name):
        open(os.path.join(folder, name), "w").close()

    svids, bundles = (queue.Queue() for _ in X509)
    for method, into in zip(X509, (svids, bundles)):
        def pump(method=method, into=into):
            try:
                for message in api.call(connection, method, timeout=4 * TIMEOUT):
                    into.put(parse(message))
                into.put(StopIteration())
            except grpc.RpcError as error:
                into.put(error)
        threading.Thread(target=pump, daemon=True).start()
    named, wild, delta = sds.Stream(connection), sds.Stream(connection), sds.Stream(connection, "DeltaSecrets")
    held = {named: ("default", "ROOTCA"), wild: ()}

    def taken(stream):
        answer = stream.next()
        stream.ask(held[stream], version=text(answer, 1), nonce=text(answer, 5))
        return {name: detail for name, _, detail in sds.secrets(answer)}

    def taken_delta():
        answer = delta.next()
        delta.ask_delta(nonce=text(answer, 5))
        return sorted(text(parse(item), 3) for item in answer.get(2, [])), sorted(item.decode() for item in answer.get(6, []))

    first, roots = svids.get(timeout=TIMEOUT), bundles.get(timeout=TIMEOUT)
    for stream in held:
        stream.ask(held[stream])
    delta.ask_delta(subscribe=("default", "ROOTCA"))
    secrets, everything = taken(named), taken(wild)
    expect(taken_delta(), (["ROOTCA", "default"], []))
    expect((len(first[1]), len(everything)), (1, 2))
    mine = parse(first[1][0])

    step("rotate")
    after = svids.get(timeout=TIMEOUT)
    fresh = parse(after[1][0])
    expect((fresh[1] == mine[1], fresh[2] != mine[2], fresh[3] != mine[3], fresh[4] == mine[4]), (True, True, True, True))
    told("Workload API: a renewed SVID comes unasked, with a key of its own")
    expect(taken(named)["default"] != secrets["default"], True)
    expect(len(taken(wild)), 2)
    expect(taken_delta(), (["default"], []))
    told("SDS: a renewed SVID comes unasked; delta sends it alone")
    expect(bundles.empty(), True)
    told("Workload API: the stream of bundles is silent when an SVID is renewed")

    step("bundle")
    after = svids.get(timeout=TIMEOUT)
    expect((len(der(parse(after[1][0])[4][0])), parse(after[1][0])[2] == fresh[2]), (2, True))
    newer = bundles.get(timeout=TIMEOUT)
    expect(len(der(parse(newer[2][0])[2][0])), 2)
    expect(newer != roots, True)
    told("Workload API: a new bundle comes on both streams, each message with the whole state")
    taken(named), taken(wild)
    expect(taken_delta(), (["ROOTCA"], []))
    told("SDS: a new bundle comes unasked; delta sends it alone")

    step("lists")
    after, newer = svids.get(timeout=TIMEOUT), bundles.get(timeout=TIMEOUT)
    # X509SVIDResponse.crl is field 2, X509BundlesResponse.crl field 1: DER, one list each.
    expect(([len(der(item)) for item in after[2]], newer[1]), ([1, 1], after[2]))
    expect((parse(after[1][0])[2] == fresh[2], len(der(parse(newer[2][0])[2][0]))), (True, 2))
    told("Workload API: revocation lists come unasked on both streams, one DER list each, with the whole state")
    step("newer lists")
    expect((len(svids.get(timeout=TIMEOUT)[2]), bundles.get(timeout=TIMEOUT)[1] != after[2]), (2, True))
    told("Workload API: newer revocation lists take the place of those before")
    step("no lists")
    expect((2 in svids.get(timeout=TIMEOUT), 1 in bundles.get(timeout=TIMEOUT)), (False, False))
    told("Workload API: no CRL once there are none any more")

    step("more")
    after = svids.get(timeout=TIMEOUT)
    expect([text(parse(item), 5) for item in after[1]], ["", "second"])
    expect(len(taken(wild)), 3)
    named.quiet()
    told("Workload API: an identity more comes with all others; SDS tells it to who asked for everything, and to nobody else")

    step("less")
    after = svids.get(timeout=TIMEOUT)
    expect(len(after[1]), 1)
    expect(len(taken(wild)), 2)
    delta.quiet()
    # An answer for lists would have come before these.
    told("SDS: revocation lists are not sent unless sds.crl says so")
    told("Workload API: an identity that went is not in the next message; of everything in SDS neither")

    # A client that refuses what it gets: the refusal is counted, nothing is sent again, the next change is.
    step("nack")
    answer = named.next()
    taken(wild), taken_delta(), svids.get(timeout=TIMEOUT)
    for _ in range(50):
        named.ask(held[named], version="", nonce=text(answer, 5), error="no, \n not this one " + "!" * 1000)
    named.quiet()
    step("refused")
    taken(named), taken(wild), taken_delta(), svids.get(timeout=TIMEOUT)
    told("SDS: a NACK is not answered, and the next change comes all the same")

    step("none")
    for came in (svids, bundles):
        expect(came.get(timeout=TIMEOUT).code(), grpc.StatusCode.PERMISSION_DENIED)
    told("Workload API: PERMISSION_DENIED ends the streams when the last entry goes")
    for stream in (named, wild, delta):
        refused(grpc.StatusCode.PERMISSION_DENIED, stream.next)
    told("SDS: PERMISSION_DENIED ends the streams when the last entry goes")


def stopping(connection, folder):
    """Streams that stand while the agent is stopped."""
    streams = [api.call(connection, method) for method in STANDING]
    for stream in streams:
        next(stream)
    named, delta = sds.Stream(connection), sds.Stream(connection, "DeltaSecrets")
    named.ask(("default",))
    delta.ask_delta(subscribe=("default",))
    named.next(), delta.next()
    open(os.path.join(folder, "standing"), "w").close()
    for stream in streams:
        refused(grpc.StatusCode.UNAVAILABLE, lambda: next(stream))
    for stream in (named, delta):
        refused(grpc.StatusCode.UNAVAILABLE, stream.next)
    print("held: UNAVAILABLE ends every stream when the agent stops")


if __name__ == "__main__":
    group, arguments = sys.argv[2], sys.argv[3:]
    with channel(sys.argv[1]) as opened:
        if group in ("changing", "stopping"):
            {"changing": changing, "stopping": stopping}[group](opened, *arguments)
        else:
            rules({"one": one, "partners": partners, "nobody": nobody, "unsynced": unsynced}[group](*arguments), opened)
