using System.Text;
using System.Text.Json;

namespace MeshGrains.Gateway;

/// <summary>
/// Reads the status of a TokenReview. The reviewer must say that the token is good, that it is good for our audience (one that does not
/// know audiences leaves them out, and then its word is worth nothing), and whose it is; that must be what the token itself says.
/// </summary>
internal static class TokenReviewStatus
{
    private const string PodName = "authentication.kubernetes.io/pod-name";
    private const string PodUid = "authentication.kubernetes.io/pod-uid";
    private const string NodeName = "authentication.kubernetes.io/node-name";
    private const string NodeUid = "authentication.kubernetes.io/node-uid";

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 32, AllowDuplicateProperties = false };

    /// <exception cref="SourceUnavailableException">The answer is no TokenReview.</exception>
    public static TokenFault? Read(byte[] answer, InspectedToken token, out PodIdentity? pod)
    {
        pod = null;
        try
        {
            using var document = JsonDocument.Parse(answer, Options);
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("status", out var status) || status.ValueKind != JsonValueKind.Object)
            {
                throw new SourceUnavailableException("the API server's answer is no TokenReview");
            }

            if (!status.TryGetProperty("authenticated", out var authenticated) || authenticated.ValueKind != JsonValueKind.True)
            {
                return TokenFault.ReviewRefused;
            }

            if (!status.TryGetProperty("audiences", out var audiences) || audiences.ValueKind != JsonValueKind.Array
                || !audiences.EnumerateArray().Any(audience => audience.ValueKind == JsonValueKind.String && audience.ValueEquals(token.Source.Audience)))
            {
                return TokenFault.WrongAudience;
            }

            return status.TryGetProperty("user", out var user) && user.ValueKind == JsonValueKind.Object
                ? ReadUser(user, token.Pod, out pod)
                : TokenFault.Unbound;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new SourceUnavailableException($"the API server's answer is no TokenReview: {e.Message}", e);
        }
    }

    private static TokenFault? ReadUser(JsonElement user, PodIdentity claimed, out PodIdentity? pod)
    {
        pod = null;
        var name = Encoding.UTF8.GetBytes(Text(user, "username") ?? "");
        if (!ServiceAccountSubject.Matches(name, Encoding.UTF8.GetBytes(claimed.Namespace), Encoding.UTF8.GetBytes(claimed.ServiceAccount)))
        {
            return TokenFault.WrongSubject;
        }

        if (!user.TryGetProperty("extra", out var extra) || extra.ValueKind != JsonValueKind.Object
            || Text(user, "uid") != claimed.ServiceAccountUid || Single(extra, PodUid) != claimed.PodUid
            || (Single(extra, PodName) is { } podName && podName != claimed.Pod))
        {
            return TokenFault.Unbound;
        }

        // The node is newer in tokens than in reviews; either may have it, and they must agree when both do.
        var node = Single(extra, NodeName);
        if (node is not null && ((claimed.Node is not null && claimed.Node != node) || !KubernetesNames.IsSubdomain(Encoding.UTF8.GetBytes(node))))
        {
            return TokenFault.Unbound;
        }

        var nodeUid = Single(extra, NodeUid);
        if (nodeUid is not null && ((claimed.NodeUid is not null && claimed.NodeUid != nodeUid) || !KubernetesNames.IsUid(Encoding.UTF8.GetBytes(nodeUid))))
        {
            return TokenFault.Unbound;
        }

        pod = claimed with { Node = node ?? claimed.Node, NodeUid = nodeUid ?? claimed.NodeUid };
        return null;
    }

    private static string? Text(JsonElement parent, string name)
        => parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>The one element of a list of strings; extra values are lists.</summary>
    private static string? Single(JsonElement parent, string name)
        => parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 1
            && value[0].ValueKind == JsonValueKind.String
            ? value[0].GetString()
            : null;
}
