using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.Gateway.Relay;

/// <summary>
/// What a relay tells a silo of a caller: its address, the certificates (DER, leaf first) whose key it proved at the relay's handshake, and the
/// request's id. They are believed on the relay listener alone; the certificates are judged again there.
/// </summary>
internal sealed record RelayFacts(IPAddress Address, IReadOnlyList<byte[]> Certificates, string RequestId)
{
    /// <summary>Every header of this prefix belongs to relay links; a relay passes none of a client's own.</summary>
    public const string Prefix = "mesh-relay-";

    /// <summary>Room that the facts need among the request headers.</summary>
    public const int HeaderBytes = 16 * 1024;

    public const int MaxChainBytes = 8 * 1024;
    public const int MaxCertificates = 8;

    private const string AddressHeader = Prefix + "address";
    private const string ClientHeader = Prefix + "client";
    private const string RequestHeader = Prefix + "request";
    private const int RequestIdChars = 32;
    private static readonly SearchValues<char> Hex = SearchValues.Create("0123456789abcdef");

    /// <summary>True when the chain is small enough to be handed on.</summary>
    public bool Fits => Certificates.Count <= MaxCertificates && Certificates.Sum(der => der.Length) <= MaxChainBytes;

    public static bool ArePresent(HttpContext http) => http.Request.Headers.ContainsKey(AddressHeader);

    public void WriteTo(HttpRequestHeaders headers)
    {
        headers.TryAddWithoutValidation(AddressHeader, Address.ToString());
        headers.TryAddWithoutValidation(RequestHeader, RequestId);
        if (Certificates.Count > 0)
        {
            headers.TryAddWithoutValidation(ClientHeader, string.Join('.', Certificates.Select(Convert.ToBase64String)));
        }
    }

    /// <summary>Takes the facts off the request.</summary>
    public static bool TryTake(HttpContext http, [NotNullWhen(true)] out RelayFacts? facts)
    {
        facts = null;
        var headers = http.Request.Headers;
        var (addresses, requests, clients) = (headers[AddressHeader], headers[RequestHeader], headers[ClientHeader]);
        headers.Remove(AddressHeader);
        headers.Remove(RequestHeader);
        headers.Remove(ClientHeader);
        if (addresses is not [{ Length: <= 64 } address] || !IPAddress.TryParse(address, out var parsed)
            || requests is not [{ Length: RequestIdChars } request] || request.AsSpan().ContainsAnyExcept(Hex)
            || clients.Count > 1 || !TryReadChain(clients.Count == 1 ? clients[0]! : "", out var chain))
        {
            return false;
        }

        facts = new RelayFacts(parsed, chain, request);
        return true;
    }

    private static bool TryReadChain(string text, out IReadOnlyList<byte[]> chain)
    {
        chain = [];
        if (text.Length == 0)
        {
            return true;
        }

        if (text.Length > MaxChainBytes * 3 / 2)
        {
            return false;
        }

        var parts = text.Split('.');
        if (parts.Length > MaxCertificates)
        {
            return false;
        }

        var ders = new List<byte[]>(parts.Length);
        foreach (var part in parts)
        {
            var buffer = new byte[part.Length];
            if (!Convert.TryFromBase64String(part, buffer, out var length) || length == 0)
            {
                return false;
            }

            ders.Add(buffer[..length]);
        }

        chain = ders;
        return true;
    }
}
