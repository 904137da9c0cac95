namespace MeshGrains.Grains;

/// <summary>
/// A refusal: a code, a text that is safe for the caller and says what to do, a stable short <paramref name="Reason"/> for metrics and logs
/// (<c>quarantined</c>, <c>token_expired</c>), and optionally more detail for the log alone.
/// </summary>
public sealed record Refusal(RefusalCode Code, string Reason, string Message, string? LogDetail = null, TimeSpan? RetryAfter = null);
