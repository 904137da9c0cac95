namespace MeshGrains.Gateway.Acme;

/// <summary>The CA refused, or did not answer as RFC 8555 has it. The message is for operators and holds no secret.</summary>
internal sealed class AcmeException(string message, string? type = null, TimeSpan? retryAfter = null) : Exception(message)
{
    private const int MaxDetail = 500;
    private const string Prefix = "urn:ietf:params:acme:error:";

    /// <summary>The kind of problem without its prefix, such as <c>rateLimited</c>; null where the CA named none.</summary>
    public string? Kind { get; } = type?.StartsWith(Prefix, StringComparison.Ordinal) == true ? type[Prefix.Length..] : null;

    /// <summary>How long the CA wants to be left alone.</summary>
    public TimeSpan? RetryAfter => retryAfter;

    public static AcmeException Of(string what, AcmeProblem? problem, TimeSpan? retryAfter = null) =>
        new($"{what}: {Plain(problem?.Detail) ?? "the CA says no more"} ({Plain(problem?.Type) ?? "no type"})", problem?.Type, retryAfter);

    /// <summary>One bounded line: it goes into logs, and another machine wrote it.</summary>
    private static string? Plain(string? text) =>
        text is null ? null : string.Concat(text.Take(MaxDetail).Select(c => char.IsControl(c) ? ' ' : c));
}
