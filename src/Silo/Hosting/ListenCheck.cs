using System.Net;
using System.Net.Sockets;
using MeshGrains.Gateway;
using MeshGrains.Grains;

namespace MeshGrains.Silo;

/// <summary>
/// Tries the listeners' addresses before anything is started, so that one that cannot be had is told in a sentence, with the key to change,
/// and not by a start that was half done. Port 0 is always to be had.
/// </summary>
internal static class ListenCheck
{
    /// <exception cref="ConfigurationException">An address cannot be listened on.</exception>
    public static void Require(GatewayOptions gateway, RelayOptions relay, FederationEndpointOptions federation, ClusteringOptions? clustering = null, AuthorityOptions? authority = null)
    {
        var errors = new List<string>();
        Try(gateway.Listen, "gateway.listen", "--listen", errors);
        Try(gateway.OperationsListen, "gateway.operationsListen", "--operations-listen", errors);
        Try(relay.Listen, "relay.listen", "--set relay.listen=ADDRESS:PORT", errors);
        Try(federation.Listen, "federation.endpoint.listen", "--set federation.endpoint.listen=ADDRESS:PORT", errors);
        Try(federation.Acme.HttpListen, "federation.endpoint.acme.httpListen", "--set federation.endpoint.acme.httpListen=ADDRESS:PORT", errors);
        Try(clustering?.Listen ?? "", "clustering.listen", "--set clustering.listen=ADDRESS:PORT", errors);
        Try(authority?.Listen ?? "", "authority.listen", "--set authority.listen=ADDRESS:PORT", errors);
        if (errors.Count > 0)
        {
            throw new ConfigurationException(errors);
        }
    }

    private static void Try(string address, string key, string flag, List<string> errors)
    {
        if (!ListenAddress.TryParse(address, out var endPoint) || endPoint.Port == 0)
        {
            return;
        }

        try
        {
            using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(endPoint);
            socket.Listen();
        }
        catch (SocketException failure)
        {
            var why = failure.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => "another process listens there",
                SocketError.AddressNotAvailable => "this machine has no such address",
                SocketError.AccessDenied => "this user may not listen there",
                _ => failure.Message,
            };
            errors.Add($"{key}: {address} cannot be listened on: {why}. Give another address or port with {flag}; port 0 takes a free one.");
        }
    }
}
