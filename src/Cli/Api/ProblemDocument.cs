namespace MeshGrains.Cli;

/// <summary>A refusal of the control plane (RFC 9457). The reason is stable and for programs; the request id finds the server's log line.</summary>
internal sealed record ProblemDocument
{
    public string? Type { get; init; }

    public string? Title { get; init; }

    public int? Status { get; init; }

    public string? Detail { get; init; }

    public string? Reason { get; init; }

    public string? RequestId { get; init; }

    /// <summary>When a repetition may succeed, from <c>Retry-After</c>.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>One line with all that helps.</summary>
    public override string ToString()
    {
        var facts = new[]
        {
            Reason is null ? null : $"reason {Reason}",
            RequestId is null ? null : $"request {RequestId}",
            RetryAfterSeconds is { } seconds ? $"try again in {seconds} s" : null,
        }.OfType<string>().ToList();
        return (Detail ?? Title ?? $"The control plane answered {Status}.") + (facts.Count == 0 ? "" : $" ({string.Join(", ", facts)})");
    }
}
