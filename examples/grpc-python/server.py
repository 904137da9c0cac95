"""A gRPC server with mutual TLS from an agent's files. Usage: server.py PORT FOLDER CLIENT-SPIFFE-ID"""
import concurrent.futures
import sys

import grpc

from svid_files import SvidFiles


def main(port, folder, allowed):
    files = SvidFiles(folder)
    generation = 0

    def configuration():
        """Asked before each handshake; None keeps what there is."""
        nonlocal generation
        parts = files.changed()
        if parts is None:
            return None
        generation += 1
        key, chain, bundle = parts
        return grpc.ssl_server_certificate_configuration([(key, chain)], root_certificates=bundle)

    def hello(request, context):
        # TLS proved that the caller is of this trust domain. Who it is, and whether it may, is decided here.
        caller = b"".join(context.auth_context().get("peer_spiffe_id", [])).decode()
        if caller != allowed:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, f"{caller or 'a caller without SPIFFE ID'} may not call this")
        return f"hello {caller}, this is certificate {generation}".encode()

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=4))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(
        "example.Greeter", {"Hello": grpc.unary_unary_rpc_method_handler(hello)})])
    credentials = grpc.dynamic_ssl_server_credentials(configuration(), lambda: configuration(), require_client_authentication=True)
    server.add_secure_port(f"127.0.0.1:{port}", credentials)
    server.start()
    server.wait_for_termination()


main(int(sys.argv[1]), *sys.argv[2:4])
