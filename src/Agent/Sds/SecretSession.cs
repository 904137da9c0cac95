using System.Security.Cryptography;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Workloads;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Envoy.Core;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.Sds;

/// <summary>What the three SDS methods share for one call: the caller, its node, and the secrets that it may have now.</summary>
internal sealed class SecretSession(Caller caller, AgentState state, AgentConfiguration options, AgentMetrics metrics, TimeProvider time, ILogger logger)
{
    private readonly long _started = time.GetTimestamp();
    private Node? _node;

    public static void RequireType(string typeUrl)
    {
        if (typeUrl.Length > 0 && typeUrl != SecretFactory.TypeUrl)
        {
            throw new RpcException(RpcStatusCode.InvalidArgument, $"Only {SecretFactory.TypeUrl} is served here.");
        }
    }

    public static string NewNonce() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));

    public static string VersionOf(Any secret) => Convert.ToHexStringLower(SHA256.HashData(secret.Value.Span).AsSpan(0, 8));

    /// <summary>Only the first request has to carry the node.</summary>
    public void Note(Node? node) => _node ??= node;

    public void Nacked(string message)
    {
        metrics.Nacked();
        AgentLog.Nacked(logger, caller.Peer.ProcessId, Printable(_node?.Id ?? ""), Printable(message));
    }

    /// <summary>The secrets out of a snapshot; waits a little at the beginning for certificates that are being asked for.</summary>
    /// <exception cref="RpcException">The caller has no identity, or no certificate yet.</exception>
    public async Task<(AgentSnapshot Snapshot, SecretSet Secrets)> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var snapshot = state.Current;
            var view = WorkloadView.Of(snapshot, caller.Entries(snapshot));
            if (view.Svids.Count > 0)
            {
                return (snapshot, new SecretSet(view, options.Sds, options.Sds.SpiffeValidator && NodeTraits.TakesSpiffeValidator(_node)));
            }

            var left = options.Workloads.FirstSvidWait - time.GetElapsedTime(_started);
            if (left <= TimeSpan.Zero)
            {
                throw new RpcException(RpcStatusCode.Unavailable, "The control plane has issued no certificate for this identity yet; try again.");
            }

            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(snapshot.Changed, Clock.PauseAsync(time, left, ending.Token));
            await ending.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>The secrets of these names (null: all), each once and in their order.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT names those that are not there.</exception>
    public static List<Any> Pick(SecretSet secrets, IReadOnlyCollection<string>? names)
    {
        var picked = new List<Any>();
        var unknown = new List<string>();
        foreach (var name in names ?? secrets.All)
        {
            if (secrets.Find(name) is { } secret)
            {
                picked.Add(secret);
            }
            else
            {
                unknown.Add(Printable(name));
            }
        }

        return unknown.Count == 0 ? picked : throw new RpcException(
            RpcStatusCode.InvalidArgument, $"There is no secret {string.Join(", ", unknown.Select(name => $"'{name}'"))} for this process; there are {string.Join(", ", secrets.Names)}.");
    }

    private static string Printable(string text)
    {
        const int Most = 256;
        var cut = text.Length > Most ? text[..Most] : text;
        return string.Concat(cut.Select(c => c is >= ' ' and < '\u007f' ? c : '?'));
    }
}
