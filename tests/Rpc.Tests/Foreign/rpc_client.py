"""A foreign gRPC client. usage: rpc_client.py TARGET CHECK [ROOTS.pem [CLIENT.pem CLIENT.key]]

Runs one named check against the service that ForeignService.cs maps; exits 0 when it holds, else says what did not.
"""
import sys
import threading

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.wrappers_pb2 import BytesValue, Int32Value, StringValue

TIMEOUT = 30


def expect(actual, wanted):
    if actual != wanted:
        raise AssertionError(f"wanted {wanted!r}, got {actual!r}")


def refused(code, call):
    try:
        result = call()
    except grpc.RpcError as error:
        expect(error.code(), code)
        return error
    raise AssertionError(f"wanted {code}, got {result!r}")


class Service:
    def __init__(self, channel):
        self.channel = channel

    def _method(self, kind, path, response):
        return getattr(self.channel, kind)(
            path, request_serializer=lambda m: m if isinstance(m, bytes) else m.SerializeToString(),
            response_deserializer=response.FromString if response else None)

    def unary(self, name, response=StringValue):
        return self._method("unary_unary", "/test.Foreign/" + name, response)

    def server_stream(self, name, response=Int32Value):
        return self._method("unary_stream", "/test.Foreign/" + name, response)

    def client_stream(self, name, response=Int32Value):
        return self._method("stream_unary", "/test.Foreign/" + name, response)

    def duplex(self, name, response=StringValue):
        return self._method("stream_stream", "/test.Foreign/" + name, response)


def unary(s):
    expect(s.unary("Echo")(StringValue(value="h\u00e9llo"), timeout=TIMEOUT).value, "h\u00e9llo")


def unary_concurrent(s):
    echo = s.unary("Echo")
    calls = [echo.future(StringValue(value=str(i)), timeout=TIMEOUT) for i in range(500)]
    expect([call.result().value for call in calls], [str(i) for i in range(500)])


def metadata(s):
    sent = (("x-text", "a value"), ("x-twice", "1"), ("x-twice", "2"), ("x-raw-bin", bytes(range(256))))
    _, call = s.unary("Metadata").with_call(StringValue(), metadata=sent, timeout=TIMEOUT)
    headers, trailers = call.initial_metadata(), call.trailing_metadata()
    expect([v for k, v in headers if k == "h-text"], ["a value"])
    expect([v for k, v in headers if k == "h-twice"], ["1,2"])
    expect([v for k, v in trailers if k == "t-raw-bin"], [bytes(range(256))])
    expect([v for k, v in trailers if k == "t-peer"][0].split(":")[0], "ipv4")


def status(s):
    error = refused(grpc.StatusCode.FAILED_PRECONDITION, lambda: s.unary("Fail")(StringValue(), timeout=TIMEOUT))
    expect(error.details(), "not now: 100 % \u00fc\n\u20ac")
    trailers = dict(error.trailing_metadata())
    expect(trailers["reason"], "closed")
    expect(trailers["raw-bin"], b"\x00\xff")


def every_status(s):
    for code in grpc.StatusCode:
        if code is not grpc.StatusCode.OK:
            refused(code, lambda: s.unary("FailWith")(StringValue(value=str(code.value[0])), timeout=TIMEOUT))


def status_details(s):
    error = refused(grpc.StatusCode.INVALID_ARGUMENT, lambda: s.unary("Details")(StringValue(), timeout=TIMEOUT))
    raw = dict(error.trailing_metadata())["grpc-status-details-bin"]
    found = dict(fields(raw))
    expect(found[1], 3)
    expect(found[2], b"see the details")
    expect(dict(fields(found[3]))[1], b"type.googleapis.com/google.protobuf.StringValue")


def thrown(s):
    error = refused(grpc.StatusCode.UNKNOWN, lambda: s.unary("Throw")(StringValue(), timeout=TIMEOUT))
    expect("inner workings" in error.details(), False)


def deadline(s):
    error = refused(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: s.unary("Hang")(StringValue(), timeout=0.3))
    expect(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
    expect(s.unary("WaitGone")(StringValue(), timeout=TIMEOUT).value, "gone")


def cancel(s):
    call = s.server_stream("HangStream")(Int32Value(), timeout=TIMEOUT)
    expect(next(call).value, 1)
    call.cancel()
    refused(grpc.StatusCode.CANCELLED, lambda: next(call))
    expect(s.unary("WaitGone")(StringValue(), timeout=TIMEOUT).value, "gone")


def big(s):
    value = bytes(range(256)) * 15000
    expect(s.unary("EchoBytes", BytesValue)(BytesValue(value=value), timeout=TIMEOUT).value, value)


def too_big(s):
    refused(grpc.StatusCode.RESOURCE_EXHAUSTED, lambda: s.unary("EchoBytes", BytesValue)(BytesValue(value=bytes(5 << 20)), timeout=TIMEOUT))


def not_protobuf(s):
    refused(grpc.StatusCode.INTERNAL, lambda: s.unary("Echo")(b"\xff\xff\xff", timeout=TIMEOUT))


def compressed(s):
    refused(grpc.StatusCode.UNIMPLEMENTED,
            lambda: s.unary("Echo")(StringValue(value="a" * 1000), timeout=TIMEOUT, compression=grpc.Compression.Gzip))


def unimplemented(s):
    error = refused(grpc.StatusCode.UNIMPLEMENTED, lambda: s.unary("Nowhere")(StringValue(), timeout=TIMEOUT))
    expect("/test.Foreign/Nowhere" in error.details(), True)


def server_stream(s):
    expect([m.value for m in s.server_stream("Count")(Int32Value(value=2000), timeout=TIMEOUT)], list(range(2000)))


def server_stream_error(s):
    call = s.server_stream("CountThenFail")(Int32Value(value=3), timeout=TIMEOUT)
    expect([next(call).value for _ in range(3)], [0, 1, 2])
    error = refused(grpc.StatusCode.ABORTED, lambda: next(call))
    expect(error.details(), "that was all")
    expect(dict(call.trailing_metadata())["count"], "3")


def client_stream(s):
    expect(s.client_stream("Sum")((Int32Value(value=i) for i in range(1001)), timeout=TIMEOUT).value, 500500)


def client_stream_empty(s):
    expect(s.client_stream("Sum")(iter(()), timeout=TIMEOUT).value, 0)


def client_stream_refused(s):
    go = threading.Event()

    def requests():
        yield Int32Value(value=1)
        go.wait(TIMEOUT)

    refused(grpc.StatusCode.PERMISSION_DENIED, lambda: s.client_stream("Refuse")(requests(), timeout=TIMEOUT))
    go.set()


def duplex(s):
    turn = threading.Semaphore(1)

    def requests():
        for i in range(100):
            turn.acquire()
            yield StringValue(value=str(i))

    received = []
    for answer in s.duplex("Chat")(requests(), timeout=TIMEOUT):
        received.append(answer.value)
        turn.release()
    expect(received, [f"{i}?" for i in range(100)])


def duplex_big(s):
    chunk = StringValue(value="x" * 300000)
    lengths = [len(m.value) for m in s.duplex("Chat")((chunk for _ in range(60)), timeout=TIMEOUT)]
    expect(lengths, [300001] * 60)


def health(s):
    check = s._method("unary_unary", "/grpc.health.v1.Health/Check", None)
    expect(check(b"", timeout=TIMEOUT), b"\x08\x01")
    expect(check(b"\n\x04down", timeout=TIMEOUT), b"\x08\x02")
    refused(grpc.StatusCode.NOT_FOUND, lambda: check(b"\n\x05never", timeout=TIMEOUT))


def health_watch(s):
    states = s._method("unary_stream", "/grpc.health.v1.Health/Watch", None)(b"\n\x04late", timeout=TIMEOUT)
    expect(next(states), b"\x08\x03")
    for name, wanted in (("SERVING", b"\x08\x01"), ("NOT_SERVING", b"\x08\x02")):
        s.unary("SetLate")(StringValue(value=name), timeout=TIMEOUT)
        expect(next(states), wanted)
    states.cancel()


def fields(data):
    """(number, value) of every field: int for varints, bytes for length-delimited ones."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        elif key & 7 == 2:
            length = varint()
            yield key >> 3, data[at:at + length]
            at += length
        else:
            raise AssertionError(f"wire type {key & 7}")


def reflect(s, package):
    """Learns CreateCertificate from the server alone and calls it."""
    def text(number, value):
        return bytes([number << 3 | 2, len(value)]) + value

    questions = [text(7, b"*"), text(4, b"istio.v1.auth.IstioCertificateService"), text(3, b"google/protobuf/struct.proto"), text(4, b"no.such.Thing")]
    answers = list(s._method("stream_stream", f"/{package}.ServerReflection/ServerReflectionInfo", None)(iter(questions), timeout=TIMEOUT))
    expect(len(answers), len(questions))
    listed = [dict(fields(entry))[1].decode() for number, entry in fields(dict(fields(answers[0]))[6]) if number == 1]
    for name in ("istio.v1.auth.IstioCertificateService", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"):
        expect(name in listed, True)
    expect([value for number, value in fields(dict(fields(answers[3]))[7]) if number == 1], [5])
    expect(len(list(fields(dict(fields(answers[2]))[4]))), 1)

    pool = descriptor_pool.DescriptorPool()
    files = [descriptor_pb2.FileDescriptorProto.FromString(value) for _, value in fields(dict(fields(answers[1]))[4])]
    expect(files[0].name, "istio/v1/auth/ca.proto")
    for file in reversed(files):
        pool.Add(file)
    method = pool.FindServiceByName("istio.v1.auth.IstioCertificateService").methods_by_name["CreateCertificate"]

    def message_class(descriptor):
        modern = getattr(message_factory, "GetMessageClass", None)
        return modern(descriptor) if modern else message_factory.MessageFactory(pool).GetPrototype(descriptor)

    request = message_class(method.input_type)(csr="-----BEGIN", validity_duration=3600)
    request.metadata.update({"CertSigner": "mesh"})
    response = s._method("unary_unary", "/istio.v1.auth.IstioCertificateService/CreateCertificate", message_class(method.output_type))(request, timeout=TIMEOUT)
    expect(list(response.cert_chain), ["-----BEGIN", "3600", "mesh"])


def reflection(s):
    reflect(s, "grpc.reflection.v1")


def reflection_alpha(s):
    reflect(s, "grpc.reflection.v1alpha")


def client_certificate(s):
    expect(s.unary("ClientCertificate")(StringValue(), timeout=TIMEOUT).value, "CN=python")


def main():
    target, check, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    contents = [open(file, "rb").read() for file in files]
    if contents:
        credentials = grpc.ssl_channel_credentials(contents[0], *(reversed(contents[1:]) if len(contents) == 3 else ()))
        channel = grpc.secure_channel(target, credentials)
    else:
        channel = grpc.insecure_channel(target)
    with channel:
        globals()[check](Service(channel))


main()
