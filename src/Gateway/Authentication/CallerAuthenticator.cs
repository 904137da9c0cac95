using MeshGrains.Grains;

namespace MeshGrains.Gateway;

/// <summary>
/// Chooses who judges a call: its token when it brings one (a join token by its prefix, any other as a Kubernetes token), else its client
/// SVID. A call with a bad token and a good SVID is refused: it asked to be judged by the token.
/// </summary>
internal sealed class CallerAuthenticator(
    KubernetesTokenVerifier kubernetes,
    JoinTokenAuthenticator joinTokens,
    SvidAuthenticator svids,
    IFailurePenalty penalty,
    GatewayRefusalMetrics metrics) : ICallerAuthenticator
{
    public ValueTask<AuthenticationResult> AuthenticateAsync(CallCredentials credentials, CancellationToken ct)
    {
        var judging = Judge(credentials, ct);
        return judging.IsCompletedSuccessfully
            ? new ValueTask<AuthenticationResult>(Note(credentials, judging.Result))
            : NoteAsync(credentials, judging);
    }

    private ValueTask<AuthenticationResult> Judge(CallCredentials credentials, CancellationToken ct)
    {
        if (credentials.BearerToken is { Length: > 0 } token)
        {
            if (credentials.ClientChain is { } holder && penalty.Check(holder) is { } tooMany)
            {
                return new ValueTask<AuthenticationResult>(tooMany);
            }

            return JoinTokenAuthenticator.Recognises(token)
                ? joinTokens.AuthenticateAsync(token, credentials.CallId, ct)
                : kubernetes.VerifyAsync(token, credentials.ClusterId, ct);
        }

        return new ValueTask<AuthenticationResult>(
            credentials.ClientChain is { } chain ? svids.Authenticate(chain) : TokenRefusals.For(TokenFault.Missing));
    }

    private async ValueTask<AuthenticationResult> NoteAsync(CallCredentials credentials, ValueTask<AuthenticationResult> judging)
        => Note(credentials, await judging.ConfigureAwait(false));

    private AuthenticationResult Note(CallCredentials credentials, AuthenticationResult result)
    {
        if (result.Refusal is { } refusal)
        {
            metrics.Authentication(refusal.Reason);
            if (refusal.Code == RefusalCode.Unauthenticated)
            {
                penalty.Failed(credentials);
            }
        }

        return result;
    }
}
