using MeshGrains.Agent.Hosting;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.Svids;

/// <summary>
/// JWT-SVIDs by entry and audiences. One that is past half of its life is asked for anew when it is next wanted; until the new one comes, or while the control plane is
/// away, it serves to its end. Many who want one wait for one call. Bounded: beyond it the ones that were not wanted for longest go.
/// </summary>
internal sealed class JwtSvidCache(AgentState state, IJwtIssuer issuer, AgentConfiguration options, AgentMetrics metrics, IJitter jitter, TimeProvider time, ILogger<JwtSvidCache> logger)
{
    /// <summary>How long a caller waits for a fresh token where a good one is held.</summary>
    private static readonly TimeSpan RenewalPatience = TimeSpan.FromSeconds(1);

    /// <summary>A token that ends sooner is of no use to anybody.</summary>
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<JwtKey, Held> _held = [];
    private readonly Dictionary<JwtKey, TaskCompletionSource<JwtAnswer>> _asked = [];
    private long _turn;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _held.Count;
            }
        }
    }

    /// <summary>An answer for each entry, in their order: a token or why there is none.</summary>
    public async Task<IReadOnlyList<JwtAnswer>> FetchAsync(IReadOnlyList<AgentEntry> entries, IReadOnlyList<string> audience, CancellationToken cancellationToken)
    {
        var wanted = new (HeldJwt? Held, Task<JwtAnswer>? Asked)[entries.Count];
        var mine = new List<(AgentEntry Entry, JwtKey Key)>();
        lock (_gate)
        {
            var now = time.GetUtcNow();
            for (var i = 0; i < entries.Count; i++)
            {
                var key = JwtKey.Of(entries[i].Id, audience);
                var held = Find(key, entries[i], now);
                wanted[i].Held = held;
                if (held is null || held.RenewAt <= now)
                {
                    if (!_asked.TryGetValue(key, out var asked))
                    {
                        _asked[key] = asked = new TaskCompletionSource<JwtAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
                        mine.Add((entries[i], key));
                    }

                    wanted[i].Asked = asked.Task;
                }
            }
        }

        // Not under the caller's token: others may be waiting for the same answer.
        foreach (var batch in mine.Chunk(options.Renewal.BatchSize))
        {
            _ = AskAsync(batch, audience);
        }

        var answers = new List<JwtAnswer>();
        foreach (var (held, asked) in wanted)
        {
            answers.Add(asked is null ? JwtAnswer.Of(held!)
                : held is null ? await asked.WaitAsync(cancellationToken)
                : await RenewedAsync(held, asked, cancellationToken));
        }

        return answers;
    }

    private async Task<JwtAnswer> RenewedAsync(HeldJwt held, Task<JwtAnswer> asked, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var came = await Task.WhenAny(asked, Clock.PauseAsync(time, RenewalPatience, patience.Token)) == asked;
        await patience.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        if (!came)
        {
            return JwtAnswer.Of(held);
        }

        // A refusal is the control plane's last word about this identity; a control plane that is away has none.
        var answer = await asked;
        return answer.Held is null && answer.Code is RpcStatusCode.Unavailable or RpcStatusCode.DeadlineExceeded or RpcStatusCode.ResourceExhausted ? JwtAnswer.Of(held) : answer;
    }

    private async Task AskAsync((AgentEntry Entry, JwtKey Key)[] batch, IReadOnlyList<string> audience)
    {
        JwtAnswer[] answers;
        try
        {
            var request = new IssueJwtRequest();
            request.Items.AddRange(batch.Select(item => new IssueJwtRequest.Types.Item { EntryId = item.Entry.Id, Audience = { audience } }));
            var response = await issuer.IssueAsync(request, CancellationToken.None);
            answers = response.Results.Count == batch.Length
                ? [.. batch.Zip(response.Results, (item, result) => Read(item.Entry, audience, result))]
                : [.. batch.Select(_ => JwtAnswer.Refused(RpcStatusCode.Unavailable, $"The control plane answered {response.Results.Count} of {batch.Length} requests."))];
        }
        catch (Exception failure)
        {
            // Whatever it was, those who wait have to hear of it.
            var (code, detail) = failure is RpcException refused ? (refused.StatusCode, refused.Detail) : (RpcStatusCode.Unavailable, failure.Message);
            AgentLog.JwtNotIssued(logger, batch.Length, detail);
            answers = [.. batch.Select(_ => JwtAnswer.Refused(CallFailed(code), detail))];
        }

        var done = new List<(TaskCompletionSource<JwtAnswer> Asked, JwtAnswer Answer)>();
        lock (_gate)
        {
            for (var i = 0; i < batch.Length; i++)
            {
                if (answers[i].Held is { } fresh)
                {
                    _held[batch[i].Key] = new Held(fresh) { Turn = ++_turn };
                }
                else if (answers[i].Code == RpcStatusCode.PermissionDenied)
                {
                    _held.Remove(batch[i].Key);
                }

                if (_asked.Remove(batch[i].Key, out var asked))
                {
                    done.Add((asked, answers[i]));
                }
            }

            Trim();
        }

        foreach (var (asked, answer) in done)
        {
            metrics.Jwt(answer.Held is null ? answer.Code.ToString() : "ok");
            asked.SetResult(answer);
        }
    }

    /// <summary>The agent itself being refused says nothing of the workload's identity: its caller may come again.</summary>
    private static RpcStatusCode CallFailed(RpcStatusCode code) =>
        code is RpcStatusCode.InvalidArgument or RpcStatusCode.ResourceExhausted or RpcStatusCode.DeadlineExceeded ? code : RpcStatusCode.Unavailable;

    private JwtAnswer Read(AgentEntry entry, IReadOnlyList<string> audience, IssueJwtResponse.Types.Result result)
    {
        if (result.Code != 0)
        {
            AgentLog.SvidRefused(logger, entry.SpiffeId, entry.Id, $"{result.Reason}: {result.Message}");
            return JwtAnswer.Refused((RpcStatusCode)result.Code, result.Message);
        }

        var now = time.GetUtcNow();
        if (!Identity.JwtSvid.TryRead(result.Svid?.Token, out var svid, out var refusal) || svid.Subject.ToString() != entry.SpiffeId
            || !audience.All(svid.Audience.Contains) || svid.ExpiresAt <= now)
        {
            AgentLog.SvidRefused(logger, entry.SpiffeId, entry.Id, $"the answer is no JWT-SVID for it ({(svid is null ? refusal : "subject, audience or end")})");
            return JwtAnswer.Refused(RpcStatusCode.Unavailable, "The control plane's answer is no JWT-SVID for this identity.");
        }

        return JwtAnswer.Of(new HeldJwt(
            entry.SpiffeId, entry.Revision, svid.Token, svid.KeyId, IsTrusted(svid.KeyId), svid.ExpiresAt, HalfLife.Of(now, svid.ExpiresAt, options.Renewal.Jitter, jitter)));
    }

    private bool IsTrusted(string keyId) => state.Current.OwnBundle?.Bundle.JwtAuthorities.Any(authority => authority.KeyId == keyId) == true;

    private HeldJwt? Find(JwtKey key, AgentEntry entry, DateTimeOffset now)
    {
        if (!_held.TryGetValue(key, out var held))
        {
            return null;
        }

        var jwt = held.Jwt;
        if (jwt.ExpiresAt - Least <= now || jwt.EntryRevision != entry.Revision || jwt.SpiffeId != entry.SpiffeId || (jwt.WasTrusted && !IsTrusted(jwt.KeyId)))
        {
            _held.Remove(key);
            return null;
        }

        held.Turn = ++_turn;
        return jwt;
    }

    private void Trim()
    {
        if (_held.Count <= options.Renewal.JwtCacheSize)
        {
            return;
        }

        var now = time.GetUtcNow();
        foreach (var (key, _) in _held.Where(item => item.Value.Jwt.ExpiresAt <= now).ToList())
        {
            _held.Remove(key);
        }

        foreach (var (key, _) in _held.OrderBy(item => item.Value.Turn).Take(_held.Count - options.Renewal.JwtCacheSize).ToList())
        {
            _held.Remove(key);
        }
    }

    /// <summary>A token with the moment, as a number, at which it was last wanted.</summary>
    private sealed class Held(HeldJwt jwt)
    {
        public HeldJwt Jwt => jwt;

        public long Turn { get; set; }
    }
}
