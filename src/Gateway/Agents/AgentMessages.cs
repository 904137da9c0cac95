using Google.Protobuf;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Wire = MeshGrains.Rpc.Agents;

namespace MeshGrains.Gateway.Agents;

/// <summary>What the control plane knows, as the agent's protocol carries it.</summary>
internal static class AgentMessages
{
    // The chain of one issuing CA is one shared string; parsed once for all its leaves.
    private static Tuple<string, ByteString[]>? _lastChain;
    private static Tuple<IssuerSnapshot, Wire.Bundle>? _lastBundle;

    public static Wire.Svid Svid(IssuedSvid svid)
    {
        var message = new Wire.Svid { SpiffeId = svid.SpiffeId, BundleNumber = svid.BundleNumber };
        message.Chain.Add(ByteString.CopyFrom(svid.LeafDer));
        message.Chain.AddRange(Chain(svid.IssuerChainPem));
        return message;
    }

    /// <summary>One message for all agents; nobody changes it.</summary>
    public static Wire.Bundle Bundle(IssuerSnapshot issuer)
    {
        var last = _lastBundle;
        if (last is null || !ReferenceEquals(last.Item1, issuer))
        {
            _lastBundle = last = Tuple.Create(issuer, NewBundle(issuer));
        }

        return last.Item2;
    }

    private static Wire.Bundle NewBundle(IssuerSnapshot issuer)
    {
        var message = new Wire.Bundle
        {
            TrustDomain = issuer.TrustDomain.Name,
            Number = issuer.BundleNumber,
            RefreshHintSeconds = (int)(issuer.Bundle.RefreshHint ?? TimeSpan.Zero).TotalSeconds,
        };
        message.X509Authorities.AddRange(issuer.Bundle.X509Authorities.Select(root => ByteString.CopyFrom(root.Der.Span)));
        message.JwtAuthorities.AddRange(issuer.Bundle.JwtAuthorities.Select(key =>
            new Wire.JwtAuthority { KeyId = key.KeyId, PublicKey = ByteString.CopyFrom(key.PublicKey.Der.Span) }));
        return message;
    }

    public static Wire.Entry Entry(RegistrationEntry entry)
    {
        var message = new Wire.Entry
        {
            Id = entry.Id, SpiffeId = entry.SpiffeId, Hint = entry.Hint ?? "", CreatedAt = entry.CreatedAt.ToUnixTimeSeconds(), Revision = entry.Revision,
        };
        message.Selectors.AddRange(entry.Selectors.Select(selector => new Wire.Selector { Type = selector.Type, Value = selector.Value }));
        message.FederatesWith.AddRange(entry.FederatesWith);
        return message;
    }

    /// <summary>Those of one time together.</summary>
    public static IEnumerable<Wire.Reissue> Reissues(IEnumerable<ReissueOrder> orders) => orders.GroupBy(order => order.OverSeconds).Select(group =>
        new Wire.Reissue { OverSeconds = group.Key, AuthorityIds = { group.Select(order => order.AuthorityId) } });

    private static ByteString[] Chain(string pem)
    {
        var last = _lastChain;
        if (last is null || !ReferenceEquals(last.Item1, pem))
        {
            last = Tuple.Create(pem, PemBundle.TryRead(pem, out var certificates, out var error)
                ? [.. certificates.Select(certificate => ByteString.CopyFrom(certificate.Der.Span))]
                : Array.Empty<ByteString>());
            if (last.Item2.Length == 0)
            {
                throw new InvalidOperationException($"The chain of this silo's issuing CA does not parse: {error}");
            }

            _lastChain = last;
        }

        return last.Item2;
    }
}
