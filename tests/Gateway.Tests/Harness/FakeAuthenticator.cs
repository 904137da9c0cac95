using System.Collections.Concurrent;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Harness;

/// <summary>The token <c>good</c> is a workload's; one that begins with <c>mgj_good</c> serves once; a client SVID is its holder; anything else is refused.</summary>
internal sealed class FakeAuthenticator : ICallerAuthenticator
{
    private readonly ConcurrentDictionary<string, bool> _used = new(StringComparer.Ordinal);

    public ConcurrentQueue<CallCredentials> Seen { get; } = new();

    public ValueTask<AuthenticationResult> AuthenticateAsync(CallCredentials credentials, CancellationToken ct)
    {
        Seen.Enqueue(credentials);
        AuthenticationResult result = credentials switch
        {
            { BearerToken: "good" } => new AuthenticatedCaller { Kind = CallerKind.KubernetesToken, Name = "k8s:prod/shop/cart", Source = "prod" },
            { BearerToken: { } once } when once.StartsWith("mgj_good", StringComparison.Ordinal) && _used.TryAdd(once, true) =>
                new AuthenticatedCaller { Kind = CallerKind.JoinToken, Name = "join:1", EntryId = "e1" },
            { BearerToken: null, ClientChain: { } chain } => new AuthenticatedCaller
            {
                Kind = CallerKind.X509Svid, Name = chain.SpiffeId, SpiffeId = chain.SpiffeId, CertificateSerial = chain.Serial,
            },
            { BearerToken: null } => new Refusal(RefusalCode.Unauthenticated, "credentials_missing", "no token and no client certificate"),
            _ => new Refusal(RefusalCode.Unauthenticated, "token_invalid", "the token is not valid", "a detail for the log alone"),
        };
        return ValueTask.FromResult(result);
    }
}
