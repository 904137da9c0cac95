using Azure.Core;

namespace MeshGrains.Keys.Azure;

/// <summary>
/// One access token for all callers of this process: asked for once however many wait, renewed two minutes ahead while the old one serves.
/// </summary>
internal sealed class VaultTokens(Func<TokenCredential> newCredential, TimeProvider time, TimeSpan timeout) : IDisposable
{
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();
    private TokenCredential? _credential;
    private VaultChallenge? _challenge;
    private AccessToken? _current;
    private Task<AccessToken>? _pending;
    private long _flight;
    private DateTimeOffset _noRenewalBefore;

    /// <summary>A token that answers <paramref name="challenge"/>.</summary>
    /// <param name="challenge">What the vault asked for.</param>
    /// <param name="refused">A token the vault has just refused, never returned again; null when there is none.</param>
    /// <param name="ct">Ends the waiting, not the request that others wait for too.</param>
    public async ValueTask<string> GetAsync(VaultChallenge challenge, string? refused, CancellationToken ct)
    {
        Task<AccessToken> pending;
        lock (_gate)
        {
            if (_challenge != challenge)
            {
                _challenge = challenge;
                _current = null;
                _pending = null;
            }

            if (refused is not null && _current?.Token == refused)
            {
                // The libraries below keep tokens as well; only a fresh credential is sure to ask the authority again.
                _credential = null;
                _current = null;
                _pending = null;
            }

            var now = time.GetUtcNow();
            if (_current is { } current && current.ExpiresOn > now)
            {
                if (current.ExpiresOn - now <= Ahead && _pending is null && now >= _noRenewalBefore)
                {
                    _pending = Request(challenge);
                    _ = _pending.ContinueWith(
                        static failed => failed.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
                }

                return current.Token;
            }

            pending = _pending ??= Request(challenge);
        }

        return (await pending.WaitAsync(ct).ConfigureAwait(false)).Token;
    }

    /// <summary>Ends a request under way; the source itself is left to it.</summary>
    public void Dispose() => _closing.Cancel();

    private Task<AccessToken> Request(VaultChallenge challenge)
    {
        var credential = _credential ??= newCredential();
        var flight = ++_flight;
        return Task.Run(() => RequestAsync(credential, challenge, flight));
    }

    private async Task<AccessToken> RequestAsync(TokenCredential credential, VaultChallenge challenge, long flight)
    {
        AccessToken? token = null;
        using var limit = new CancellationTokenSource(timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _closing.Token);
        try
        {
            token = await credential.GetTokenAsync(new TokenRequestContext([challenge.Scope], tenantId: challenge.Tenant), both.Token)
                .AsTask().WaitAsync(both.Token).ConfigureAwait(false);
            return token.Value;
        }
        catch (OperationCanceledException e)
        {
            throw new KeyManagerException(KeyManagerError.Unavailable, "The token authority did not answer in time.", e);
        }
        catch (Exception e) when (e is not KeyManagerException)
        {
            throw CredentialFailure.Describe(e);
        }
        finally
        {
            Landed(flight, token);
        }
    }

    /// <summary>Runs before those who wait are told, so that nobody sees a finished request as one under way.</summary>
    private void Landed(long flight, AccessToken? token)
    {
        lock (_gate)
        {
            if (flight != _flight || _pending is null)
            {
                return;
            }

            _pending = null;
            if (token is not null)
            {
                _current = token;
            }
            else
            {
                _noRenewalBefore = time.GetUtcNow() + PauseAfterFailure;
            }
        }
    }
}
