namespace MeshGrains.Gateway;

/// <summary>
/// Judges projected service-account tokens: first all that needs no key, then the key, then the signature. A token whose issuer's keys are
/// known is judged without waiting. No verdict is kept.
/// </summary>
internal sealed class KubernetesTokenVerifier(KubernetesSources sources, TimeProvider time)
{
    private readonly TokenInspector _inspector = new(sources, time);

    public ValueTask<AuthenticationResult> VerifyAsync(string token, string? clusterId, CancellationToken cancellationToken)
    {
        if (_inspector.Inspect(token, clusterId, out var inspected) is { } fault)
        {
            return new ValueTask<AuthenticationResult>(TokenRefusals.For(fault));
        }

        if (inspected!.Source.Reviews is { } reviews)
        {
            return reviews.ReviewAsync(inspected, time.GetUtcNow(), cancellationToken);
        }

        var lookup = inspected.Source.Keys!.FindAsync(inspected.KeyId, cancellationToken);
        return lookup.IsCompletedSuccessfully
            ? new ValueTask<AuthenticationResult>(Conclude(inspected, lookup.Result))
            : AwaitedAsync(inspected, lookup);
    }

    private async ValueTask<AuthenticationResult> AwaitedAsync(InspectedToken token, ValueTask<KeyLookup> lookup)
        => Conclude(token, await lookup.ConfigureAwait(false));

    private AuthenticationResult Conclude(InspectedToken token, KeyLookup lookup)
    {
        if (lookup.Key is null)
        {
            return lookup.RetryAfter is { } retryAfter ? TokenRefusals.KeysUnavailable(retryAfter) : TokenRefusals.For(TokenFault.UnknownKey);
        }

        return TokenSignature.Verify(token, lookup.Key) is { } fault
            ? TokenRefusals.For(fault)
            : token.Pod.ToCaller(token.Source, time.GetUtcNow());
    }
}
