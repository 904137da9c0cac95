using System.Runtime.CompilerServices;
using Google.Protobuf;
using MeshGrains.Grains;
using Wire = MeshGrains.Rpc.Agents;

namespace MeshGrains.Gateway.Federation;

/// <summary>
/// Which foreign bundles one agent was sent on its stream, and which it lacks: those that its entries federate with and that there are. The names go whole
/// with each change, so that an agent drops what it holds of any other.
/// </summary>
internal sealed class FederatedDelta
{
    // One message for all agents; nobody changes it.
    private static readonly ConditionalWeakTable<FederatedBundle, Wire.Bundle> Messages = [];

    private readonly Dictionary<string, long> _sent = new(StringComparer.Ordinal);
    private bool _told;

    /// <summary>Null when the agent holds it all.</summary>
    public (Wire.FederatedDomains Domains, IReadOnlyList<Wire.Bundle> Bundles)? Next(IReadOnlyList<RegistrationEntry> entries, IFederatedTrust? trust)
    {
        // Before all of it was read nothing can be said to be gone.
        if (trust is not { IsKnown: true })
        {
            return null;
        }

        var current = trust.Current;
        var wanted = entries.SelectMany(entry => entry.FederatesWith).Distinct(StringComparer.Ordinal).Where(current.ContainsKey).Order(StringComparer.Ordinal).ToList();
        var changed = wanted.Where(name => !_sent.TryGetValue(name, out var number) || number != current[name].Number).ToList();
        if (_told && changed.Count == 0 && wanted.Count == _sent.Count)
        {
            return null;
        }

        _sent.Clear();
        wanted.ForEach(name => _sent[name] = current[name].Number);
        _told = true;
        return (new Wire.FederatedDomains { TrustDomains = { wanted } }, [.. changed.Select(name => Messages.GetValue(current[name], Message))]);
    }

    private static Wire.Bundle Message(FederatedBundle federated)
    {
        var message = new Wire.Bundle
        {
            TrustDomain = federated.Bundle.TrustDomain.Name,
            Number = federated.Number,
            RefreshHintSeconds = (int)Math.Min((federated.Bundle.RefreshHint ?? TimeSpan.Zero).TotalSeconds, int.MaxValue),
        };
        message.X509Authorities.AddRange(federated.Bundle.X509Authorities.Select(root => ByteString.CopyFrom(root.Der.Span)));
        message.JwtAuthorities.AddRange(federated.Bundle.JwtAuthorities.Select(key =>
            new Wire.JwtAuthority { KeyId = key.KeyId, PublicKey = ByteString.CopyFrom(key.PublicKey.Der.Span) }));
        return message;
    }
}
