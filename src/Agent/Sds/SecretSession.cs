using System.Security.Cryptography;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using MeshGrains.Agent.Domains;
using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Workloads;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Envoy.Core;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.Sds;

/// <summary>What the three SDS methods share for one call: the caller, its node, and the secrets that it may have now.</summary>
internal sealed class SecretSession(Caller caller, NodeState state, AgentConfiguration options, AgentMetrics metrics, TimeProvider time, ILogger logger)
{
    /// <summary>What a stream may remember of names, in bytes; hundreds of SPIFFE IDs.</summary>
    public const int MaxNameBytes = 64 * 1024;

    private const int MaxTold = 10;
    private static readonly TimeSpan NackPause = TimeSpan.FromSeconds(10);

    private readonly long _started = time.GetTimestamp();
    private bool _noted;
    private string _node = "";
    private bool _takesValidator = true;
    private long? _lastNack;
    private int _unsaid;

    public static void RequireType(string typeUrl)
    {
        if (typeUrl.Length > 0 && typeUrl != SecretFactory.TypeUrl)
        {
            throw new RpcException(RpcStatusCode.InvalidArgument, $"Only {SecretFactory.TypeUrl} is served here.");
        }
    }

    public static string NewNonce() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));

    public static string VersionOf(Any secret) => Convert.ToHexStringLower(SHA256.HashData(secret.Value.Span).AsSpan(0, 8));

    public static string VersionOf(IEnumerable<Any> secrets)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var secret in secrets)
        {
            hash.AppendData(SHA256.HashData(secret.Value.Span));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }

    /// <exception cref="RpcException">RESOURCE_EXHAUSTED: more than a stream may remember.</exception>
    public static void RequireBounded(IEnumerable<string> names)
    {
        if (names.Sum(name => (long)name.Length) > MaxNameBytes)
        {
            throw new RpcException(RpcStatusCode.ResourceExhausted, $"One stream takes at most {MaxNameBytes} bytes of names; ask for the rest on another one, or for everything by no name.");
        }
    }

    /// <summary>Only the first request has to carry the node, and it holds for the stream.</summary>
    public void Note(Node? node)
    {
        if (node is not null && !_noted)
        {
            (_noted, _node, _takesValidator) = (true, Printable(node.Id), NodeTraits.TakesSpiffeValidator(node));
        }
    }

    /// <summary>Each is counted; a proxy that goes on refusing is told of now and then, so that it cannot fill the log.</summary>
    public void Nacked(string message)
    {
        metrics.Nacked();
        if (_lastNack is { } last && time.GetElapsedTime(last) < NackPause)
        {
            _unsaid++;
            return;
        }

        var more = _unsaid == 0 ? "" : $" (and {_unsaid} more since it was last told)";
        (_lastNack, _unsaid) = (time.GetTimestamp(), 0);
        AgentLog.Nacked(logger, caller.Peer.ProcessId, _node, Printable(message) + more);
    }

    public SecretSet SecretsOf(WorkloadView view) => new(view, options.Sds, options.Sds.SpiffeValidator && _takesValidator);

    /// <summary>What the caller has in the newest snapshot; waits a little at the beginning for certificates that are being asked for.</summary>
    /// <exception cref="RpcException">The caller has no identity, or no certificate yet.</exception>
    public async Task<(NodeSnapshot Snapshot, WorkloadView View)> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var snapshot = state.Current;
            var view = WorkloadView.Of(snapshot, caller.Entries(snapshot));
            if (view.Svids.Count > 0)
            {
                return (snapshot, view);
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
            RpcStatusCode.InvalidArgument, $"There is no secret {Some(unknown.Select(name => $"'{name}'"))} for this process; there are {Some(secrets.Names)}.");
    }

    /// <summary>The first few: the text travels in a header.</summary>
    private static string Some(IEnumerable<string> names)
    {
        var told = names.Take(MaxTold + 1).ToList();
        return told.Count <= MaxTold ? string.Join(", ", told) : $"{string.Join(", ", told.Take(MaxTold))} and more";
    }

    private static string Printable(string text)
    {
        const int Most = 256;
        var cut = text.Length > Most ? text[..Most] : text;
        return string.Concat(cut.Select(c => c is >= ' ' and < '\u007f' ? c : '?'));
    }
}
