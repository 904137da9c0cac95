using Google.Protobuf.WellKnownTypes;
using MeshGrains.Rpc.Envoy.Discovery;

namespace MeshGrains.Agent.Sds;

/// <summary>
/// The state of one state-of-the-world stream, and what a request means to it. The rules of xDS: a nonce lives in its stream; a request with another nonce than
/// the last is passed over; one without any asks anew; one that only acknowledges is not answered; an error makes it a NACK, and its names count all the same.
/// </summary>
internal sealed class StreamSubscription
{
    private bool _begun;
    private bool _named;
    private string _nonce = "";
    private HashSet<string> _names = new(StringComparer.Ordinal);
    private HashSet<string> _sent = [];

    /// <summary>Null: everything. Empty: nothing any more.</summary>
    public IReadOnlyCollection<string>? Names => _begun ? _named ? _names : null : [];

    /// <summary>What the last response said was taken.</summary>
    public bool IsAcknowledged { get; private set; }

    public void Sent(string nonce, IReadOnlyCollection<Any> secrets) =>
        (_nonce, IsAcknowledged, _sent) = (nonce, false, [.. secrets.Select(SecretSession.VersionOf)]);

    /// <summary>Whether these secrets say something that the last response did not; of everything, also whether one is gone.</summary>
    public bool IsNews(IReadOnlyCollection<Any> secrets) =>
        (Names is null && secrets.Count != _sent.Count) || !secrets.All(secret => _sent.Contains(SecretSession.VersionOf(secret)));

    /// <exception cref="Rpc.RpcException">RESOURCE_EXHAUSTED: too many names.</exception>
    public RequestMeaning Take(DiscoveryRequest request)
    {
        SecretSession.RequireBounded(request.ResourceNames);
        var first = !_begun;
        if (!first && request.ResponseNonce.Length > 0 && request.ResponseNonce != _nonce)
        {
            return RequestMeaning.Stale;
        }

        _begun = true;
        var nacked = request.ErrorDetail is not null;
        if (!first && request.ResponseNonce.Length > 0 && !nacked)
        {
            IsAcknowledged = true;
        }

        var names = request.ResourceNames.ToHashSet(StringComparer.Ordinal);

        // Without names from the beginning: everything. After names it means nothing more.
        var added = names.Any(name => !_names.Contains(name));
        _named |= names.Count > 0;
        _names = names;
        return (first || added || (request.ResponseNonce.Length == 0 && Names is not { Count: 0 }), nacked) switch
        {
            (true, true) => RequestMeaning.RefusedAndAsked,
            (true, false) => RequestMeaning.Asked,
            (false, true) => RequestMeaning.Refused,
            (false, false) => RequestMeaning.Noted,
        };
    }
}
