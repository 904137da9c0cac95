using MeshGrains.Rpc;

namespace MeshGrains.Agent.ControlPlane;

/// <summary>What the rest of the agent sees of the control plane: a client while the stream stands, and what is wrong while it does not.</summary>
internal sealed class ControlPlaneLink(TimeProvider time) : IIssuerLink
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource? _session;
    private long? _fellAt;

    /// <summary>The client of the standing session; null while there is none.</summary>
    public ControlPlaneClient? Current { get; private set; }

    /// <summary>The agent's own SVID; null before the first attestation and after a refusal.</summary>
    public AgentIdentity? Identity { get; set; }

    /// <summary>In words; empty while all is well.</summary>
    public string Trouble { get; private set; } = "the control plane was not reached yet";

    /// <summary>Completes at the next change.</summary>
    public Task Changed
    {
        get
        {
            lock (_gate)
            {
                return _changed.Task;
            }
        }
    }

    ISvidIssuer? IIssuerLink.Issuer => Current;

    public void Stand(ControlPlaneClient client, CancellationTokenSource session) => Set(client, "", session);

    public void Fall(string trouble) => Set(null, trouble, null);

    /// <summary>The client of the standing session; when the last one ended less than <paramref name="patience"/> ago, the next one is waited for until then. Null when there is none.</summary>
    public async ValueTask<ControlPlaneClient?> SoonAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            TimeSpan left;
            lock (_gate)
            {
                if (Current is { } standing)
                {
                    return standing;
                }

                changed = _changed.Task;
                left = _fellAt is { } fell ? patience - time.GetElapsedTime(fell) : TimeSpan.Zero;
            }

            if (left <= TimeSpan.Zero)
            {
                return null;
            }

            try
            {
                await changed.WaitAsync(left, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                // The next turn finds that its time is over.
            }
        }
    }

    /// <summary>A call of the session failed: when the connection is to blame, the session is ended, so that another gateway is tried.</summary>
    public void Failed(ISvidIssuer issuer, RpcException failure)
    {
        CancellationTokenSource? session;
        lock (_gate)
        {
            session = ReferenceEquals(issuer, Current) && failure.StatusCode is RpcStatusCode.Unauthenticated or RpcStatusCode.PermissionDenied ? _session : null;
        }

        session?.Cancel();
    }

    private void Set(ControlPlaneClient? client, string trouble, CancellationTokenSource? session)
    {
        TaskCompletionSource before;
        lock (_gate)
        {
            _fellAt = client is null && Current is not null ? time.GetTimestamp() : _fellAt;
            (Current, Trouble, _session) = (client, trouble, session);
            before = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        before.SetResult();
    }
}
