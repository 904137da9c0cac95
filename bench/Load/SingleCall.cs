using System.Diagnostics;
using System.Security.Authentication;

namespace MeshGrains.Bench;

/// <summary>One CreateCertificate call on a connection of its own.</summary>
internal sealed class SingleCall : ICallScript
{
    private Call? _call;

    private SingleCall(Call call) => _call = call;

    /// <summary>gRPC's status, <see cref="CallOutcome.NoStatus"/> when the server could not be reached.</summary>
    public int Status { get; private set; } = CallOutcome.NoStatus;

    public string StatusMessage { get; private set; } = "";

    /// <summary>The reply message; empty with none.</summary>
    public byte[] Reply { get; private set; } = [];

    /// <summary>The server took the connection and closed it before TLS was agreed: it has no certificate to show. gRPC clients call this UNAVAILABLE.</summary>
    public bool TurnedAwayAtHandshake { get; private set; }

    /// <summary>From before the connection to the answer.</summary>
    public TimeSpan Elapsed { get; private set; }

    public static async Task<SingleCall> TryAsync(GrpcTarget target, Call call, CancellationToken cancellationToken)
    {
        var script = new SingleCall(call);
        var started = Stopwatch.GetTimestamp();
        try
        {
            await using var connection = await GrpcConnection.OpenAsync(target, cancellationToken);
            await connection.RunAsync(script, 1, cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or AuthenticationException)
        {
            script.StatusMessage = failure.Message;
            script.TurnedAwayAtHandshake = script._call is not null && failure.InnerException is not System.Net.Sockets.SocketException;
        }

        script.Elapsed = Stopwatch.GetElapsedTime(started);
        return script;
    }

    public Call? Next()
    {
        var call = _call;
        _call = null;
        return call;
    }

    public void Ended(in CallOutcome outcome)
    {
        Status = outcome.Status;
        StatusMessage = outcome.StatusMessage;
        Reply = outcome.Message.ToArray();
    }
}
