using MeshGrains.Rpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace MeshGrains.Gateway.Relay;

/// <summary>The caller's own deadline, or the relay's where that is shorter, counted from when the call came.</summary>
internal readonly struct RelayDeadline
{
    private readonly TimeProvider _time;
    private readonly long _came;
    private readonly TimeSpan? _timeout;

    private RelayDeadline(TimeProvider time, TimeSpan? timeout) => (_time, _came, _timeout) = (time, time.GetTimestamp(), timeout);

    /// <summary>Null without a deadline; never below zero.</summary>
    public TimeSpan? Left => _timeout is not { } timeout ? null
        : timeout - _time.GetElapsedTime(_came) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    public bool Passed => Left == TimeSpan.Zero;

    /// <summary>A malformed timeout is the silo's to refuse: it is as good as none here, and passed on by nobody.</summary>
    /// <param name="http">The call.</param>
    /// <param name="time">The clock.</param>
    /// <param name="most">What the call has at most, whatever its caller says; null for no such bound.</param>
    public static RelayDeadline Of(HttpContext http, TimeProvider time, TimeSpan? most = null) =>
        new(time, http.Request.Headers.TryGetValue(HeaderNames.GrpcTimeout, out var text) && text.Count == 1 && GrpcTimeout.TryParse(text[0]!, out var timeout)
            && (most is not { } bound || timeout < bound) ? timeout : most);
}
