using System.Collections.Immutable;
using Google.Protobuf;
using MeshGrains.Grains;
using Wire = MeshGrains.Rpc.Authority;

namespace MeshGrains.Gateway.Clusters;

/// <summary>The authority API's messages and what they stand for, in both directions. What a member says is bounded here.</summary>
internal static class AuthorityMessages
{
    private const int MaxPaths = 64;
    private const int MaxText = 512;
    private const int DenialsInPart = 500;

    public static Wire.Record Record(byte[] state) => new() { State = UnsafeByteOperations.UnsafeWrap(state) };

    public static byte[] State(Wire.Record? record) => record?.State.ToByteArray() ?? [];

    /// <summary>In parts that stay far below what one message may have.</summary>
    public static IEnumerable<Wire.DenialsPart> Denials(FollowedDenials denials)
    {
        for (var at = 0; at == 0 || at < denials.Denials.Length; at += DenialsInPart)
        {
            var part = new Wire.DenialsPart { Number = denials.Number, More = at + DenialsInPart < denials.Denials.Length };
            part.Denials.AddRange(denials.Denials.Skip(at).Take(DenialsInPart).Select(Denial));
            yield return part;
        }
    }

    /// <exception cref="GrainOperationException">It is of a kind that this version does not know, and could not be refused by.</exception>
    public static Denial Denial(Wire.Denial message) => FollowedDenials.Concerns((DenialKind)message.Kind)
        ? new Denial(
            (DenialKind)message.Kind, message.Subject, 0, message.Reason, message.Actor, Time(message.SinceMs), message.OperationId,
            message.HasUntilMs ? Time(message.UntilMs) : null)
        {
            ReissueOverSeconds = message.ReissueOverSeconds > 0 ? message.ReissueOverSeconds : null,
        }
        : throw new GrainOperationException(
            RefusalCode.Unavailable, "unknown_denial", $"The home denies something of a kind ({message.Kind}) that this version does not know: upgrade this cluster.");

    private static Wire.Denial Denial(Denial denial)
    {
        var message = new Wire.Denial
        {
            Kind = (int)denial.Kind,
            Subject = denial.Subject,
            Reason = denial.Reason,
            Actor = denial.Actor,
            OperationId = denial.OperationId,
            SinceMs = denial.Since.ToUnixTimeMilliseconds(),
            ReissueOverSeconds = denial.ReissueOverSeconds ?? 0,
        };
        if (denial.Until is { } until)
        {
            message.UntilMs = until.ToUnixTimeMilliseconds();
        }

        return message;
    }

    public static Wire.CertifyRequest Certify(IssuingCaRequest request, long ttlSeconds, IEnumerable<string> paths)
    {
        var message = new Wire.CertifyRequest
        {
            OperationId = request.OperationId,
            Silo = request.Silo,
            SubjectPublicKeyInfo = ByteString.CopyFrom(request.SubjectPublicKeyInfo),
            RequestedAtMs = request.RequestedAt.ToUnixTimeMilliseconds(),
            Signature = ByteString.CopyFrom(request.Signature),
            Incarnation = request.Incarnation,
            RelayEndpoint = request.RelayEndpoint,
            TtlSeconds = ttlSeconds,
        };
        message.BootstrapChain.AddRange(request.BootstrapChain.Select(der => ByteString.CopyFrom(der)));
        message.AllowedPaths.AddRange(paths);
        return message;
    }

    public static IssuingCaRequest Request(Wire.CertifyRequest message) => new(
        message.OperationId, message.Silo, message.SubjectPublicKeyInfo.ToByteArray(), Time(message.RequestedAtMs),
        [.. message.BootstrapChain.Take(8).Select(der => der.ToByteArray())], message.Signature.ToByteArray(), message.Incarnation, message.RelayEndpoint);

    public static ImmutableArray<string> Paths(IReadOnlyCollection<string> paths) => [.. paths.Take(MaxPaths).Select(Text)];

    public static Wire.CertifyResponse Certified(CertifiedIssuingCa certified, byte[] record) => new()
    {
        AuthorityId = certified.AuthorityId,
        RootAuthorityId = certified.RootAuthorityId,
        Certificate = ByteString.CopyFrom(certified.CertificateDer),
        NotBeforeUnix = certified.NotBefore.ToUnixTimeSeconds(),
        NotAfterUnix = certified.NotAfter.ToUnixTimeSeconds(),
        BundleNumber = certified.BundleNumber,
        Record = Record(record),
    };

    public static CertifiedIssuingCa Certified(Wire.CertifyResponse message) => new(
        message.AuthorityId, message.RootAuthorityId, message.Certificate.ToByteArray(), DateTimeOffset.FromUnixTimeSeconds(message.NotBeforeUnix),
        DateTimeOffset.FromUnixTimeSeconds(message.NotAfterUnix), message.BundleNumber);

    public static Wire.ReportRequest Report(ClusterReport report)
    {
        var message = new Wire.ReportRequest { BundleNumber = report.BundleNumber, RotationId = report.RotationId, Phase = (int)report.Phase, Number = report.Number };
        message.AllowedPaths.AddRange(report.AllowedPaths);
        if (report.DenialsNumber is { } denials)
        {
            message.DenialsNumber = denials;
        }

        if (report.Facts is not { } facts)
        {
            return message;
        }

        message.Facts = new Wire.RotationFacts
        {
            AtMs = facts.At.ToUnixTimeMilliseconds(),
            Silos = Shortfall(facts.Silos),
            Agents = Shortfall(facts.Agents),
            Unfenced = Shortfall(facts.Unfenced),
            Outside = Shortfall(facts.Outside),
            Failure = facts.Failure ?? "",
        };
        if (facts.Live is { } live)
        {
            message.Facts.Live = live;
        }

        if (facts.LiveEndsBy is { } ends)
        {
            message.Facts.LiveEndsByMs = ends.ToUnixTimeMilliseconds();
        }

        return message;
    }

    public static ClusterReport Report(Wire.ReportRequest message, string cluster) => new(
        message.BundleNumber, Paths(message.AllowedPaths), Text(message.RotationId), (RotationPhase)message.Phase, message.Number,
        message.Facts is not { } facts ? null : new ClusterRotationFacts(
            cluster, Time(facts.AtMs), Shortfall(facts.Silos), Shortfall(facts.Agents), Shortfall(facts.Unfenced), Shortfall(facts.Outside),
            facts.HasLive ? Math.Max(0, facts.Live) : null, facts.HasLiveEndsByMs ? Time(facts.LiveEndsByMs) : null, facts.Failure.Length > 0 ? Text(facts.Failure) : null))
    {
        DenialsNumber = message.HasDenialsNumber ? message.DenialsNumber : null,
    };

    public static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(
        milliseconds, DateTimeOffset.UnixEpoch.ToUnixTimeMilliseconds(), DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));

    private static Wire.Shortfall Shortfall(Shortfall shortfall)
    {
        var message = new Wire.Shortfall { Count = shortfall.Count };
        message.Names.AddRange(shortfall.Names.Select(Text));
        return message;
    }

    // Nothing said is nothing known: a member of another version that leaves it out opens no gate.
    private static Shortfall Shortfall(Wire.Shortfall? message) => message is null
        ? new Shortfall(1, ["not told"])
        : new Shortfall(Math.Max(message.Count, message.Names.Count), [.. message.Names.Take(Grains.Shortfall.MaxNames).Select(Text)]);

    private static string Text(string text) => text.Length <= MaxText ? text : text[..MaxText];
}
