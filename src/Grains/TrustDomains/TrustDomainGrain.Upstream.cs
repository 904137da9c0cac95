using MeshGrains.Identity;
using MeshGrains.Keys;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Grains;

/// <summary>Roots that an outside CA certifies. What is decided is in <see cref="UpstreamDecisions"/>.</summary>
internal sealed partial class TrustDomainGrain
{
    public async Task<UpstreamRequest> UpstreamRequestAsync()
    {
        AtHomeOnly();
        await _record.SettleAsync();
        var root = State.Authorities.LastOrDefault(known => known.RequestDer is not null) ?? throw new GrainOperationException(
            RefusalCode.Conflict, "no_request",
            upstream.Mode == UpstreamMode.Csr
                ? "There is no request yet: the root's key is still to be made. Try again shortly; the silo's log says what it waits for."
                : $"The configuration's upstream.mode is {upstream.Mode.ToString().ToLowerInvariant()}: roots are certified without a request. Set it to csr before a root is made.");
        return new UpstreamRequest(root.AuthorityId!, root.RequestDer!, root.KeyReference!, root.CertificateDer is null);
    }

    public async Task<UpstreamImport> ImportUpstreamAsync(ImportUpstreamChain command)
    {
        AtHomeOnly();
        if (!SiloProof.IsWord(command.OperationId))
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "bad_operation", "An operation id is 1 to 64 letters, digits, '-', '_' or '.'.");
        }

        await _record.RefreshAsync();
        var (next, chain, index, first) = UpstreamDecisions.Import(State, _trustDomain, command, time.GetUtcNow());
        var id = State.Authorities[index].AuthorityId!;
        if (!ReferenceEquals(next, State))
        {
            if (!first)
            {
                await RecordAsync(IssuanceRecordKind.RootAuthority, chain.Own.Der.ToArray(), id, command.OperationId, command.Actor);
            }

            await CommitAsync(next);
            LogImported(logger, _trustDomain.Name, id, chain.Above.Count, chain.NotAfter, command.Actor, command.Reason);
        }

        if (State.BundleNumber == 0 && TrustDomainDecisions.NextRootStep(State) == RootStep.Record)
        {
            await RecordRootAsync(command.OperationId);
        }

        await ShowAsync();
        return new UpstreamImport(id, chain.Certificates.Count, chain.NotAfter, first, State.BundleNumber);
    }

    private async Task BuildRootAsync(string operationId)
    {
        switch (upstream.Mode)
        {
            case UpstreamMode.Csr:
                await MakeRequestAsync(operationId);
                throw new GrainOperationException(RefusalCode.Unavailable, "upstream_chain_awaited", UpstreamDecisions.Awaited);
            case UpstreamMode.Disk:
                await CommitAsync(UpstreamDecisions.RecordCertificate(
                    State, _trustDomain, Outside(upstream.Chain), serials.Next(), $"{operationId}:tbs", time.GetUtcNow()));
                break;
            default:
                await CommitAsync(TrustDomainDecisions.RecordCertificate(State, _trustDomain, serials.Next(), $"{operationId}:tbs", time.GetUtcNow()));
                break;
        }
    }

    /// <summary>Whole TBS first, signature after, as for every use of the root's key.</summary>
    private async Task MakeRequestAsync(string operationId)
    {
        if (State.Authorities[^1].RequestInfo is null)
        {
            await CommitAsync(UpstreamDecisions.RecordRequestInfo(State, _trustDomain, $"{operationId}:request-info"));
        }

        if (State.Authorities[^1] is { RequestDer: null } root)
        {
            await CommitAsync(UpstreamDecisions.RecordRequest(State, await SignAsync(root, root.RequestInfo!), $"{operationId}:request"));
            LogAwaited(logger, _trustDomain.Name, root.AuthorityId!);
        }
    }

    private async Task SignRootAsync(string operationId)
    {
        var root = State.Authorities[^1];
        if (root.Upstream is null)
        {
            await CommitAsync(TrustDomainDecisions.RecordSignature(State, await SignAsync(root, root.Tbs!), $"{operationId}:signature"));
            return;
        }

        var outside = Outside(upstream.Chain);
        if (outside.Count != root.Upstream.Value.Length || !outside.Zip(root.Upstream.Value).All(pair => pair.First.Der.Span.SequenceEqual(pair.Second)))
        {
            // The outside CA was replaced before it signed.
            await BuildRootAsync(operationId);
            return;
        }

        var own = ParsedCertificate.Read(Outside(() => upstream.Sign(root.Tbs!)));
        if (!UpstreamChain.TryCheck([own, .. outside], _trustDomain, root.SubjectPublicKeyInfo, time.GetUtcNow(), out var chain, out var error))
        {
            throw new GrainOperationException(RefusalCode.Unavailable, "upstream_unusable", $"The outside CA of upstream.certificateFile cannot certify this root: {error}");
        }

        await CommitAsync(UpstreamDecisions.RecordChain(State, State.Authorities.Length - 1, chain, $"{operationId}:signature"));
    }

    private static T Outside<T>(Func<T> use)
    {
        try
        {
            return use();
        }
        catch (UpstreamException failure)
        {
            throw new GrainOperationException(RefusalCode.Unavailable, "upstream_unusable", failure.Message);
        }
    }

    [LoggerMessage(EventId = 330, Level = LogLevel.Warning,
        Message = "Trust domain {TrustDomain}: the root {AuthorityId} waits for its certificate from the outside CA ('meshctl upstream csr', then 'meshctl upstream import'); nothing is issued under it before.")]
    private static partial void LogAwaited(ILogger logger, string trustDomain, string authorityId);

    [LoggerMessage(EventId = 331, Level = LogLevel.Warning,
        Message = "Trust domain {TrustDomain}: the root {AuthorityId} is certified from outside, {Above} certificates above it, until {NotAfter:u}; brought by {Actor}: {Reason}")]
    private static partial void LogImported(ILogger logger, string trustDomain, string authorityId, int above, DateTimeOffset notAfter, string actor, string reason);
}
