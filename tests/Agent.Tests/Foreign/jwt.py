"""Conformance of the JWT methods of the SPIFFE Workload API. usage: jwt.py SOCKET CHECK [ARGUMENTS]; exits 0 when the check holds."""
import base64
import json
import os
import subprocess
import time

import grpc

import workload_api as api
from wire import TIMEOUT, expect, field, parse, refused, run, text

INVALID, DENIED = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.PERMISSION_DENIED


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(data):
    return base64.urlsafe_b64decode(data + "=" * (-len(data) % 4))


def request(audience, spiffe_id=""):
    return b"".join(field(1, value) for value in audience) + (field(2, spiffe_id) if spiffe_id else b"")


def fetch(connection, audience, spiffe_id=""):
    """[(SPIFFE ID, token, hint)]"""
    answer = parse(api.call(connection, "FetchJWTSVID", request(audience, spiffe_id)))
    return [(text(svid, 1), text(svid, 2), text(svid, 3)) for svid in map(parse, answer[1])]


def validate(connection, audience, token):
    """(SPIFFE ID, claims) of google.protobuf.Struct, read by hand."""
    def value(data):
        (number, values), = parse_value(data).items()
        one = values[0]
        return {1: lambda: None, 2: lambda: one, 3: lambda: one.decode(), 4: lambda: bool(one), 5: lambda: struct(one),
                6: lambda: [value(item) for item in parse(one).get(1, [])]}[number]()

    def struct(data):
        return {text(entry, 1): value(entry[2][0]) for entry in map(parse, parse(data).get(1, []))}

    answer = parse(api.call(connection, "ValidateJWTSVID", field(1, audience) + field(2, token)))
    return text(answer, 1), struct(answer[2][0])


def parse_value(data):
    import struct as binary
    if data[:1] == b"\x11":
        return {2: [binary.unpack("<d", data[1:9])[0]]}
    return parse(data)


def keys(connection, domain):
    """The JWK Set of a trust domain, from the first message of the stream, which has to come at once."""
    began = time.monotonic()
    message = api.first(connection, "FetchJWTBundles")
    if time.monotonic() - began > 10:
        raise AssertionError("the first message did not come at once")
    bundles = {text(entry, 1): json.loads(entry[2][0]) for entry in map(parse, message[1])}
    expect(list(bundles), [domain])
    for key in bundles[domain]["keys"]:
        if key.get("kty") not in ("EC", "RSA") or not key.get("kid") or "x5c" in key or "d" in key:
            raise AssertionError(f"no public JWT key: {key}")
    return {key["kid"]: key for key in bundles[domain]["keys"]}


def token(connection, out, domain, *wanted):
    """Tokens for WANTED ("id" or "id=hint"), in this order, as the profile has them; openssl verifies the first with the published key."""
    audience = ["spiffe://" + domain.split("//")[1] + "/db", "https://other.example"]
    svids = fetch(connection, audience)
    expect([name + ("=" + hint if hint else "") for name, _, hint in svids], list(wanted))
    published = keys(connection, domain)
    for name, jws, _ in svids:
        header, claims, signature = jws.split(".")
        header, claims = json.loads(unb64(header)), json.loads(unb64(claims))
        expect(sorted(header), ["alg", "kid", "typ"])
        expect((header["alg"], header["typ"], header["kid"] in published), ("ES256", "JWT", True))
        expect(sorted(claims), ["aud", "exp", "iat", "sub"])
        expect((claims["sub"], claims["aud"], claims["exp"] - claims["iat"]), (name, audience, 300))
        for one in audience:
            subject, told = validate(connection, one, jws)
            expect((subject, told["sub"], told["aud"], told["exp"]), (name, name, audience, float(claims["exp"])))
    name, jws, _ = svids[0]
    expect(fetch(connection, list(reversed(audience)), name)[0][1], jws)
    expect(fetch(connection, audience[:1], name)[0][1] != jws, True)
    verify(out, jws, published)


def verify(out, jws, published):
    """openssl, by the public numbers of the JWK alone."""
    header, claims, signature = jws.split(".")
    key = published[json.loads(unb64(header))["kid"]]
    point = b"\x04" + unb64(key["x"]) + unb64(key["y"])
    spki = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200") + point
    raw = unb64(signature)

    def integer(data):
        data = data.lstrip(b"\x00") or b"\x00"
        data = b"\x00" + data if data[0] & 0x80 else data
        return b"\x02" + bytes([len(data)]) + data

    body = integer(raw[:32]) + integer(raw[32:])
    for name, data in (("jwt.key", spki), ("jwt.sig", b"\x30" + bytes([len(body)]) + body), ("jwt.input", f"{header}.{claims}".encode())):
        with open(os.path.join(out, name), "wb") as file:
            file.write(data)
    subprocess.run(["openssl", "dgst", "-sha256", "-keyform", "DER", "-verify", "jwt.key", "-signature", "jwt.sig", "jwt.input"], cwd=out, check=True, stdout=subprocess.DEVNULL)


def openid(connection, out, base, issuer, bundle):
    """A relying party that knows the issuer alone finds the key of a token, and openssl verifies the token with it."""
    import ssl
    import urllib.request
    trusting = ssl.create_default_context(cafile=bundle)

    def read(path, kind):
        with urllib.request.urlopen(base + path, context=trusting, timeout=TIMEOUT) as answer:
            expect(answer.headers["content-type"], kind)
            expect(answer.headers["cache-control"].startswith("public, max-age="), True)
            return json.loads(answer.read())

    document = read("/.well-known/openid-configuration", "application/json")
    expect((document["issuer"], document["jwks_uri"]), (issuer, issuer + "/keys"))
    expect(document["id_token_signing_alg_values_supported"], ["RS256"])
    published = {key["kid"]: key for key in read("/keys", "application/jwk-set+json")["keys"]}
    jws = fetch(connection, ["sts.example"])[0][1]
    header, claims, signature = jws.split(".")
    expect(json.loads(unb64(header))["alg"], "RS256")
    expect(json.loads(unb64(claims))["iss"], issuer)
    key = published[json.loads(unb64(header))["kid"]]
    expect((key["kty"], key["use"], key["alg"]), ("RSA", "sig", "RS256"))

    def tlv(tag, data):
        size = len(data)
        head = bytes([size]) if size < 128 else bytes([0x80 | (size.bit_length() + 7) // 8]) + size.to_bytes((size.bit_length() + 7) // 8, "big")
        return bytes([tag]) + head + data

    numbers = tlv(0x30, tlv(2, b"\x00" + unb64(key["n"])) + tlv(2, unb64(key["e"])))
    spki = tlv(0x30, bytes.fromhex("300d06092a864886f70d0101010500") + tlv(3, b"\x00" + numbers))
    for name, data in (("rsa.key", spki), ("rsa.sig", unb64(signature)), ("rsa.input", f"{header}.{claims}".encode())):
        with open(os.path.join(out, name), "wb") as file:
            file.write(data)
    subprocess.run(["openssl", "dgst", "-sha256", "-keyform", "DER", "-verify", "rsa.key", "-signature", "rsa.sig", "rsa.input"], cwd=out, check=True, stdout=subprocess.DEVNULL)


def arguments(connection, mine):
    """What is asked wrongly is INVALID_ARGUMENT, what is not ours PERMISSION_DENIED."""
    def ask(data, words, code=INVALID):
        refused(code, lambda: api.call(connection, "FetchJWTSVID", data), words)

    ask(b"", "audience")
    ask(request([""]), "audience")
    ask(request(["a", ""]), "audience")
    ask(request(["a"] * 33), "audiences")
    ask(request(["a" * 2049]), "audiences")
    ask(request(["a"], "web"), "spiffe_id")
    ask(request(["a"], "spiffe://test.mesh/not/mine"), "not entitled", DENIED)
    refused(INVALID, lambda: api.call(connection, "ValidateJWTSVID", field(1, "a")), "svid")
    refused(INVALID, lambda: api.call(connection, "ValidateJWTSVID", field(2, "a")), "audience")
    (name, jws, _), = fetch(connection, ["me"], mine)
    header, claims, signature = jws.split(".")

    def judged(changed, words, audience="me"):
        refused(INVALID, lambda: validate(connection, audience, changed), words)

    def with_header(**members):
        return b64(json.dumps({**json.loads(unb64(header)), **members}).encode()) + f".{claims}.{signature}"

    def with_claims(**members):
        return f"{header}." + b64(json.dumps({**json.loads(unb64(claims)), **members}).encode()) + f".{signature}"

    judged(jws, "audience", "somebody else")
    judged("no token", "compact JWS")
    judged(jws + "." + signature, "compact JWS")
    judged(with_header(alg="none"), "algorithm")
    judged(f"{b64(json.dumps({'alg': 'none', 'kid': 'a'}).encode())}.{claims}.", "compact JWS")
    judged(with_header(alg="HS256"), "algorithm")
    judged(with_header(alg="RS256"), "algorithm")
    judged(with_header(kid="another"), "kid")
    judged(with_header(typ="at+jwt"), "typ")
    judged(with_header(crit=["exp"]), "critical")
    judged(with_claims(sub="spiffe://test.mesh/other"), "signature")
    judged(with_claims(sub="spiffe://foreign.mesh/other"), "trust domain")
    judged(with_claims(exp=1), "expired")
    judged(with_claims(exp="soon"), "exp")
    judged(with_claims(iat=time.time() + 3600), "not valid yet")
    judged(f"{header}.{claims}.{b64(bytes(64))}", "signature")
    expect(validate(connection, "me", jws)[0], name)


def header(connection):
    """Each JWT method without the security header, or with a wrong one."""
    for method, data in (("FetchJWTSVID", request(["a"])), ("FetchJWTBundles", b""), ("ValidateJWTSVID", field(1, "a") + field(2, "b"))):
        for metadata in ((), (("workload.spiffe.io", "false"),), api.HEADER * 2):
            def attempt():
                answer = api.call(connection, method, data, metadata=metadata)
                return next(answer) if method in api.STREAMS else answer
            refused(INVALID, attempt, "workload.spiffe.io")


def nobody(connection, code="PERMISSION_DENIED"):
    for method, data in (("FetchJWTSVID", request(["a"])), ("FetchJWTBundles", b""), ("ValidateJWTSVID", field(1, "a") + field(2, "b"))):
        def attempt():
            answer = api.call(connection, method, data, timeout=TIMEOUT)
            return next(answer) if method in api.STREAMS else answer
        refused(getattr(grpc.StatusCode, code), attempt)


def held(connection, audience, wanted):
    """The very token that is held, while nobody can issue another; one for somebody else cannot be had."""
    expect(fetch(connection, [audience])[0][1], wanted)
    expect(validate(connection, audience, wanted)[1]["aud"], [audience])
    refused(grpc.StatusCode.UNAVAILABLE, lambda: fetch(connection, ["nobody had this one"]))


def print_token(connection, audience):
    print(fetch(connection, [audience])[0][1])


if __name__ == "__main__":
    run({name: value for name, value in list(globals().items()) if callable(value) and getattr(value, "__module__", "") == "__main__"})
