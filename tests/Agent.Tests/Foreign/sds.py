"""Conformance of Envoy's SDS v3. usage: sds.py SOCKET CHECK DOMAIN SPIFFE-ID...; the identities are those of this process, the first one first."""
import queue
import sys

import grpc

from wire import TIMEOUT, expect, field, parse, refused, run, text

TYPE = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
SERVICE = "/envoy.service.secret.v3.SecretDiscoveryService/"
QUIET = 0.7


def discovery(names=(), node=b"", version="", nonce="", error="", type_url=TYPE):
    return (field(1, version) + (field(2, node) if node else b"") + b"".join(field(3, name) for name in names) + field(4, type_url)
            + field(5, nonce) + (field(6, field(1, 3) + field(2, error)) if error else b""))


def delta_request(subscribe=(), unsubscribe=(), nonce="", error="", versions=()):
    return (field(2, TYPE) + b"".join(field(3, name) for name in subscribe) + b"".join(field(4, name) for name in unsubscribe)
            + b"".join(field(5, field(1, name) + field(2, version)) for name, version in versions)
            + field(6, nonce) + (field(7, field(1, 3) + field(2, error)) if error else b""))


class Stream:
    """A standing stream; what comes is read on the side, so that silence can be told."""

    def __init__(self, connection, method="StreamSecrets"):
        self.out = queue.Queue()
        self.answers = queue.Queue()
        self.call = connection.stream_stream(SERVICE + method)(iter(self.out.get, None), timeout=TIMEOUT)
        import threading
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for message in self.call:
                self.answers.put(message)
            self.answers.put(StopIteration())
        except grpc.RpcError as error:
            self.answers.put(error)

    def ask(self, *arguments, **more):
        self.out.put(discovery(*arguments, **more))

    def ask_delta(self, **more):
        self.out.put(delta_request(**more))

    def next(self, timeout=TIMEOUT):
        answer = self.answers.get(timeout=timeout)
        if isinstance(answer, Exception):
            raise answer
        return parse(answer)

    def quiet(self):
        try:
            answer = self.answers.get(timeout=QUIET)
        except queue.Empty:
            return
        raise AssertionError(f"silence was due, and {answer!r} came")

    def close(self):
        self.out.put(None)
        self.call.cancel()


def secrets(response):
    """[(name, kind, detail)] of a DiscoveryResponse; detail is a certificate's chain, a plain root, or the trust domains of a SPIFFE validator."""
    expect(text(response, 4), TYPE)
    return [secret(parse(any_)) for any_ in response.get(2, [])]


def secret(any_):
    expect(text(any_, 1), TYPE)
    message = parse(any_[2][0])
    name = text(message, 1)
    if 2 in message:
        certificate = parse(message[2][0])
        chain, key = parse(certificate[1][0])[2][0], parse(certificate[2][0])[2][0]
        if not chain.startswith(b"-----BEGIN CERTIFICATE-----") or not key.startswith(b"-----BEGIN PRIVATE KEY-----"):
            raise AssertionError("chain and key are not PEM")
        return name, "certificate", chain
    context = parse(message[4][0])
    if 1 in context:
        expect(12 in context, False)
        return name, "plain", parse(context[1][0])[2][0]
    extension = parse(context[12][0])
    expect(text(extension, 1), "envoy.tls.cert_validator.spiffe")
    config = parse(extension[2][0])
    expect(text(config, 1), "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig")
    domains = [parse(domain) for domain in parse(config[2][0])[1]]
    for domain in domains:
        if not parse(domain[2][0])[2][0].startswith(b"-----BEGIN CERTIFICATE-----"):
            raise AssertionError("a trust bundle is not PEM")
    return name, "spiffe", [text(domain, 1) for domain in domains]


def shape(response):
    return [(name, kind, detail if kind == "spiffe" else None) for name, kind, detail in secrets(response)]


def once(connection, names, **more):
    return parse(connection.unary_unary(SERVICE + "FetchSecrets")(discovery(names, **more), timeout=TIMEOUT))


def names(connection, domain, *ids):
    """Every name and every combination of two, by FetchSecrets and by StreamSecrets."""
    td = "spiffe://" + domain
    wanted = {name: (name, "certificate", None) for name in ("default",) + ids}
    wanted.update({name: (name, "spiffe", [domain]) for name in ("ROOTCA", "ALL", td)})
    combinations = [(a,) for a in wanted] + [(a, b) for a in wanted for b in wanted if a != b] + [tuple(wanted)]
    for asked in combinations:
        expect(sorted(shape(once(connection, asked))), sorted(wanted[name] for name in asked))
    for asked in combinations[::5]:
        stream = Stream(connection)
        stream.ask(asked)
        expect(sorted(shape(stream.next())), sorted(wanted[name] for name in asked))
        stream.close()
    chains = {name: detail for name, kind, detail in secrets(once(connection, ("default",) + ids)) if kind == "certificate"}
    expect(chains["default"], chains[ids[0]])
    everything = sorted(shape(once(connection, ())))
    expect(everything, sorted([wanted[name] for name in ids] + [wanted[td]]))


def unknown(connection, domain, *ids):
    for name in ("nothing", "", "spiffe://other.example", "spiffe://" + domain + "/nobody", "default "):
        error = refused(grpc.StatusCode.INVALID_ARGUMENT, lambda: once(connection, ("default", name)), "There is no secret")
        for known in ("default", "ROOTCA", "ALL", ids[0]):
            if known not in error.details():
                raise AssertionError(f"{known} is not told of: {error.details()}")
    refused(grpc.StatusCode.INVALID_ARGUMENT, lambda: once(connection, ("default",), type_url="type.googleapis.com/envoy.config.cluster.v3.Cluster"))
    stream = Stream(connection)
    stream.ask(("nothing",))
    refused(grpc.StatusCode.INVALID_ARGUMENT, stream.next)


def plain(connection, domain, *ids):
    metadata = lambda value: field(3, field(1, field(1, "disable_spiffe_cert_validation") + field(2, value)))
    version = lambda minor: field(6, "envoy") + field(8, field(1, field(1, 1) + field(2, minor)))
    for node, kind in ((metadata(field(4, True)), "plain"), (metadata(field(3, "true")), "plain"), (metadata(field(4, False)), "spiffe"),
                       (version(17), "plain"), (version(18), "spiffe"), (field(6, "envoy") + field(7, "1.16.2"), "plain"), (b"", "spiffe")):
        for name in ("ROOTCA", "spiffe://" + domain, "ALL"):
            expect([found for _, found, _ in secrets(once(connection, (name,), node=node))], [kind])
    stream = Stream(connection)
    stream.ask(("ROOTCA",), node=metadata(field(4, True)))
    answer = stream.next()
    expect(shape(answer)[0][1], "plain")
    # The node came with the first request and holds for the stream.
    stream.ask(("ROOTCA", "ALL"), version=text(answer, 1), nonce=text(answer, 5))
    expect([kind for _, kind, _ in shape(stream.next())], ["plain", "plain"])
    stream.close()


def acks(connection, domain, *ids):
    stream = Stream(connection)
    stream.ask(("default",))
    one = stream.next()
    expect(len(text(one, 5)) > 0, True)
    stream.ask(("default",), version=text(one, 1), nonce=text(one, 5))
    stream.quiet()
    # A stale nonce is passed over, new names or not.
    stream.ask(("default", "ROOTCA"), version=text(one, 1), nonce="feedface")
    stream.quiet()
    # A NACK is not answered; it keeps the version before.
    stream.ask(("default",), version="", nonce=text(one, 5), error="I do not like it")
    stream.quiet()
    # Its names count all the same.
    stream.ask(("default", "ROOTCA"), version="", nonce=text(one, 5), error="still not")
    two = stream.next()
    expect([name for name, _, _ in shape(two)], ["default", "ROOTCA"])
    expect(text(two, 5) != text(one, 5) and text(two, 1) != text(one, 1), True)
    # Fewer names are noted in silence; none means nothing more.
    stream.ask(("ROOTCA",), version=text(two, 1), nonce=text(two, 5))
    stream.quiet()
    stream.ask((), version=text(two, 1), nonce=text(two, 5))
    stream.quiet()
    stream.ask(("ALL",), version=text(two, 1), nonce=text(two, 5))
    three = stream.next()
    expect([name for name, _, _ in shape(three)], ["ALL"])
    # Without a nonce it asks anew, and gets the same under a new version.
    stream.ask(("ALL",))
    four = stream.next()
    expect(shape(four), shape(three))
    expect(text(four, 5) != text(three, 5) and text(four, 1) != text(three, 1), True)
    # What answers the third response comes too late.
    stream.ask(("ALL", "default"), version=text(three, 1), nonce=text(three, 5))
    stream.quiet()
    stream.close()


def everything(connection, domain, *ids):
    """A stream that names nothing gets all of it, by SPIFFE ID; once it has named something, no names are nothing."""
    stream = Stream(connection)
    stream.ask(())
    one = stream.next()
    expect(sorted(name for name, _, _ in shape(one)), sorted(ids + ("spiffe://" + domain,)))
    stream.ask((), version=text(one, 1), nonce=text(one, 5))
    stream.quiet()
    stream.ask(("default",), version=text(one, 1), nonce=text(one, 5))
    two = stream.next()
    expect([name for name, _, _ in shape(two)], ["default"])
    stream.ask((), version=text(two, 1), nonce=text(two, 5))
    stream.quiet()
    stream.close()


def twice(connection, domain, *ids):
    """A name given twice is one secret; a first request with a version and a nonce of a stream before is a first request."""
    expect([name for name, _, _ in shape(once(connection, ("default", "default", "ROOTCA", "default")))], ["default", "ROOTCA"])
    stream = Stream(connection)
    stream.ask(("default", "default"), version="7", nonce="deadbeef")
    expect([name for name, _, _ in shape(stream.next())], ["default"])
    stream.close()


def versions(connection, domain, *ids):
    """FetchSecrets gives the same version to the same secrets, another one to others, and a nonce of its own each time."""
    one, same, other = (once(connection, names) for names in (("default",), ("default",), ("default", "ROOTCA")))
    expect((text(one, 1), text(one, 1) != text(other, 1), text(one, 5) != text(same, 5)), (text(same, 1), True, True))


def bounded(connection, domain, *ids):
    names = tuple(f"spiffe://{domain}/{i:06}/{'n' * 100}" for i in range(1000))
    refused(grpc.StatusCode.RESOURCE_EXHAUSTED, lambda: once(connection, names), "bytes of names")
    refused(grpc.StatusCode.RESOURCE_EXHAUSTED, lambda: once(connection, tuple("n" * 4000 for _ in range(100))))
    for method in ("StreamSecrets", "DeltaSecrets"):
        stream = Stream(connection, method)
        stream.ask(names) if method == "StreamSecrets" else stream.ask_delta(subscribe=names)
        refused(grpc.StatusCode.RESOURCE_EXHAUSTED, stream.next, "bytes of names")
    # The text that tells of unknown names has a bound of its own: it travels in a header.
    error = refused(grpc.StatusCode.INVALID_ARGUMENT, lambda: once(connection, names[:300]), "and more")
    expect(len(error.details()) < 8192, True)


def federated(connection, domain, partner, *ids):
    """Another trust domain's bundle: a context of its own, or one in ALL; never in ROOTCA, and never in plain roots beside the own ones."""
    spiffe = lambda response: {name: detail for name, kind, detail in secrets(response) if kind == "spiffe"}
    expect(spiffe(once(connection, ("ROOTCA", "ALL", "spiffe://" + partner, "spiffe://" + domain))),
           {"ROOTCA": [domain], "ALL": sorted((domain, partner)), "spiffe://" + partner: [partner], "spiffe://" + domain: [domain]})
    expect(sorted(name for name, _, _ in shape(once(connection, ()))), sorted(ids + ("spiffe://" + domain, "spiffe://" + partner)))
    node = field(3, field(1, field(1, "disable_spiffe_cert_validation") + field(2, field(4, True))))
    plain_roots = {name: detail for name, kind, detail in secrets(once(connection, ("ROOTCA", "spiffe://" + partner), node=node)) if kind == "plain"}
    expect(plain_roots["ROOTCA"] != plain_roots["spiffe://" + partner], True)
    refused(grpc.StatusCode.INVALID_ARGUMENT, lambda: once(connection, ("ALL",), node=node), "'ALL'")
    expect(sorted(kind for _, kind, _ in shape(once(connection, (), node=node))), sorted(["certificate"] * len(ids) + ["plain"] * 2))


def rotate(connection, count, *_):
    """COUNT different certificates on one stream, each with a new version and nonce, each acknowledged."""
    stream = Stream(connection)
    stream.ask(("default", "ROOTCA"))
    chains, nonces, versions = set(), set(), set()
    while len(chains) < int(count):
        answer = stream.next()
        chains.add(next(detail for name, _, detail in secrets(answer) if name == "default"))
        nonces.add(text(answer, 5))
        versions.add(text(answer, 1))
        stream.ask(("default", "ROOTCA"), version=text(answer, 1), nonce=text(answer, 5))
    expect((len(nonces), len(versions)), (int(count), int(count)))
    stream.close()


def delta(connection, domain, *ids):
    stream = Stream(connection, "DeltaSecrets")

    def resources(answer):
        expect(text(answer, 4), TYPE)
        found = {}
        for resource in (parse(item) for item in answer.get(2, [])):
            name, kind, _ = secret(parse(resource[2][0]))
            expect(name, text(resource, 3))
            found[name] = (kind, text(resource, 1))
        return found, sorted(item.decode() for item in answer.get(6, []))

    stream.ask_delta(subscribe=("default", "nothing"))
    answer = stream.next()
    found, removed = resources(answer)
    expect((list(found), removed), (["default"], ["nothing"]))
    stream.ask_delta(nonce=text(answer, 5))
    stream.quiet()
    stream.ask_delta(subscribe=("ROOTCA",))
    answer = stream.next()
    expect(resources(answer)[0]["ROOTCA"][0], "spiffe")
    stream.ask_delta(nonce=text(answer, 5), error="no")
    stream.quiet()
    stream.ask_delta(subscribe=("default",))
    again = resources(stream.next())
    expect(list(again[0]), ["default"])
    stream.ask_delta(unsubscribe=("default",))
    stream.quiet()
    stream.close()

    known = found["default"][1]
    stream = Stream(connection, "DeltaSecrets")
    stream.ask_delta(subscribe=("default", "ROOTCA"), versions=(("default", known),))
    expect(list(resources(stream.next())[0]), ["ROOTCA"])
    stream.close()

    everything = sorted(ids + ("spiffe://" + domain,))
    for names in ((), ("*",)):
        stream = Stream(connection, "DeltaSecrets")
        stream.ask_delta(subscribe=names)
        expect(sorted(resources(stream.next())[0]), everything)
        stream.ask_delta(subscribe=("default",))
        expect(list(resources(stream.next())[0]), ["default"])
        # What everything holds is told again when its name alone goes.
        stream.ask_delta(unsubscribe=(ids[0],))
        expect(list(resources(stream.next())[0]), [ids[0]])
        stream.ask_delta(unsubscribe=("*",))
        stream.quiet()
        stream.ask_delta(subscribe=("ROOTCA",))
        expect(list(resources(stream.next())[0]), ["ROOTCA"])
        stream.close()


def no_identity(connection, *_):
    refused(grpc.StatusCode.PERMISSION_DENIED, lambda: once(connection, ("default",)))
    for method in ("StreamSecrets", "DeltaSecrets"):
        stream = Stream(connection, method)
        stream.ask(("default",)) if method == "StreamSecrets" else stream.ask_delta(subscribe=("default",))
        refused(grpc.StatusCode.PERMISSION_DENIED, stream.next)


if __name__ == "__main__":
    run({name: value for name, value in list(globals().items()) if callable(value) and getattr(value, "__module__", "") == "__main__"})
