namespace MeshGrains.Bench;

/// <summary>How one call ended.</summary>
/// <param name="Call">Which call.</param>
/// <param name="Status">gRPC's status; <see cref="NoStatus"/> when the connection went before one came.</param>
/// <param name="StatusMessage">The percent-encoded grpc-message; empty with none.</param>
/// <param name="Message">The whole response message, empty when none came. It may have come without a status. Valid during the callback only.</param>
/// <param name="Started">When the call was handed to the connection (<see cref="System.Diagnostics.Stopwatch.GetTimestamp"/>).</param>
internal readonly ref struct CallOutcome(Call call, int status, string statusMessage, ReadOnlySpan<byte> message, long started)
{
    /// <summary>No status came.</summary>
    public const int NoStatus = -1;

    public const int Ok = 0;

    public const int ResourceExhausted = 8;

    public const int Unavailable = 14;

    public Call Call { get; } = call;

    public int Status { get; } = status;

    public string StatusMessage { get; } = statusMessage;

    public ReadOnlySpan<byte> Message { get; } = message;

    public long Started { get; } = started;
}
