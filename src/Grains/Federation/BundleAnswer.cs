namespace MeshGrains.Grains;

/// <summary>What a fetch gave: a body, or why there is none.</summary>
/// <param name="Body">The document as it came; null when the fetch was not good.</param>
/// <param name="Reason">A stable word for metrics: <c>timeout</c>, <c>too_large</c>, <c>redirect</c>; empty with a body.</param>
/// <param name="Message">In words; nothing secret. Empty with a body.</param>
public sealed record BundleAnswer(byte[]? Body, string Reason, string Message)
{
    public static BundleAnswer Good(byte[] body) => new(body, "", "");

    public static BundleAnswer Bad(string reason, string message) => new(null, reason, message);
}
