using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Gateway;

/// <summary>Addresses that keys may be fetched from: https, or plain http to loopback where the operator allows that for trials.</summary>
internal static class EndpointAddress
{
    public static bool TryParse(string? text, bool allowInsecureLoopback, [NotNullWhen(true)] out Uri? uri)
        => Uri.TryCreate(text, UriKind.Absolute, out uri)
            && uri.UserInfo.Length == 0
            && (uri.Scheme == Uri.UriSchemeHttps || (allowInsecureLoopback && uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback));
}
