"""A foreign gRPC server. usage: rpc_server.py [SERVER.pem SERVER.key [CLIENT-ROOTS.pem]]

Prints its port and serves until standard input closes.
"""
import concurrent.futures
import sys
import threading

import grpc
from google.protobuf.wrappers_pb2 import BytesValue, Int32Value, StringValue

gone = threading.Event()


def echo(request, context):
    return request


def metadata(request, context):
    received = context.invocation_metadata()
    context.send_initial_metadata((
        ("h-twice", ",".join(v for k, v in received if k == "x-twice")),
        ("h-deadline", "yes" if context.time_remaining() is not None and context.time_remaining() < 1e6 else "no"),
    ))
    context.set_trailing_metadata(tuple(("t-raw-bin", v) for k, v in received if k == "x-raw-bin"))
    return request


def fail(request, context):
    context.set_trailing_metadata((("reason", "closed"), ("raw-bin", b"\x00\xff")))
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not now: 100 % \u00fc\n\u20ac")


def fail_with(request, context):
    code = next(c for c in grpc.StatusCode if c.value[0] == int(request.value))
    context.abort(code, f"status {request.value}")


def details(request, context):
    # google.rpc.Status { code: 3, message: "see the details" }
    context.set_trailing_metadata((("grpc-status-details-bin", b"\x08\x03\x12\x0fsee the details"),))
    context.abort(grpc.StatusCode.INVALID_ARGUMENT, "see the details")


def throw(request, context):
    raise ValueError("the inner workings")


def hang(request, context):
    context.add_callback(gone.set)
    gone.wait(60)
    return request


def hang_stream(request, context):
    context.add_callback(gone.set)
    yield Int32Value(value=1)
    gone.wait(60)


def wait_gone(request, context):
    return StringValue(value="gone" if gone.wait(30) else "still there")


def count(request, context):
    for i in range(request.value):
        yield Int32Value(value=i)


def count_then_fail(request, context):
    yield from count(request, context)
    context.set_trailing_metadata((("count", str(request.value)),))
    context.abort(grpc.StatusCode.ABORTED, "that was all")


def add(requests, context):
    return Int32Value(value=sum(r.value for r in requests))


def refuse(requests, context):
    next(requests)
    context.abort(grpc.StatusCode.PERMISSION_DENIED, "not you")


def chat(requests, context):
    for request in requests:
        yield StringValue(value=request.value + "?")


def none(request, context):
    return iter(())


def peer(request, context):
    return StringValue(value=",".join(sorted(v.decode() for v in context.auth_context().get("x509_common_name", []))))


def handler(kind, behaviour, request):
    return getattr(grpc, kind + "_rpc_method_handler")(
        behaviour, request_deserializer=request.FromString, response_serializer=lambda m: m.SerializeToString())


METHODS = {
    "Echo": handler("unary_unary", echo, StringValue),
    "EchoBytes": handler("unary_unary", echo, BytesValue),
    "Metadata": handler("unary_unary", metadata, StringValue),
    "Fail": handler("unary_unary", fail, StringValue),
    "FailWith": handler("unary_unary", fail_with, StringValue),
    "Details": handler("unary_unary", details, StringValue),
    "Throw": handler("unary_unary", throw, StringValue),
    "Hang": handler("unary_unary", hang, StringValue),
    "HangStream": handler("unary_stream", hang_stream, Int32Value),
    "WaitGone": handler("unary_unary", wait_gone, StringValue),
    "Count": handler("unary_stream", count, Int32Value),
    "CountThenFail": handler("unary_stream", count_then_fail, Int32Value),
    "Sum": handler("stream_unary", add, Int32Value),
    "Refuse": handler("stream_unary", refuse, Int32Value),
    "Chat": handler("stream_stream", chat, StringValue),
    "None": handler("unary_stream", none, StringValue),
    "Peer": handler("unary_unary", peer, StringValue),
}


def main():
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=16))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Foreign", METHODS),))
    files = [open(name, "rb").read() for name in sys.argv[1:]]
    if files:
        credentials = grpc.ssl_server_credentials(
            ((files[1], files[0]),), root_certificates=files[2] if len(files) == 3 else None, require_client_auth=len(files) == 3)
        port = server.add_secure_port("127.0.0.1:0", credentials)
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(None)


main()
