namespace MeshGrains.Gateway.Rest;

/// <summary>
/// An error document (RFC 9457, <c>application/problem+json</c>). <paramref name="Type"/> and <paramref name="Reason"/> are stable and for programs,
/// <paramref name="Detail"/> is for people, <paramref name="RequestId"/> finds the server's log line.
/// </summary>
internal sealed record Problem(string Type, string Title, int Status, string Detail, string Reason, string RequestId);
