using System.Threading.Channels;
using Azure.Core;
using MeshGrains.Keys.Azure;
using MeshGrains.Testing;

namespace MeshGrains.Keys.Tests.Azure;

public sealed class VaultTokensTests
{
    private static readonly VaultChallenge Challenge = new("tenant", "https://vault.azure.net/.default");
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task A_token_is_kept_until_two_minutes_before_its_end_and_renewed_while_it_serves()
    {
        var credential = new Credential(_time);
        using var tokens = Tokens(credential);
        Assert.Equal("token-1", await tokens.GetAsync(Challenge, null, default));
        _time.Advance(TimeSpan.FromMinutes(57));
        Assert.Equal("token-1", await tokens.GetAsync(Challenge, null, default));
        Assert.Equal(1, credential.Requests);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("token-1", await tokens.GetAsync(Challenge, null, default));
        await credential.Answered(2);
        Assert.Equal("token-2", await Eventually(() => tokens.GetAsync(Challenge, null, default), "token-2"));
        Assert.Equal(2, credential.Requests);
    }

    [Fact]
    public async Task A_failed_renewal_leaves_the_token_in_use_and_is_not_hammered()
    {
        var credential = new Credential(_time);
        using var tokens = Tokens(credential);
        await tokens.GetAsync(Challenge, null, default);
        credential.Fails = true;
        _time.Advance(TimeSpan.FromSeconds(3500));
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal("token-1", await tokens.GetAsync(Challenge, null, default));
        }

        await credential.Answered(2);
        Assert.Equal(2, credential.Requests);
    }

    [Fact]
    public async Task Callers_that_wait_share_one_request_and_one_that_gives_up_does_not_end_it()
    {
        var credential = new Credential(_time) { Gate = new TaskCompletionSource() };
        using var tokens = Tokens(credential);
        using var impatient = new CancellationTokenSource();
        var first = tokens.GetAsync(Challenge, null, impatient.Token).AsTask();
        var others = Enumerable.Range(0, 100).Select(_ => tokens.GetAsync(Challenge, null, default).AsTask()).ToArray();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        credential.Gate.SetResult();
        Assert.All(await Task.WhenAll(others), token => Assert.Equal("token-1", token));
        Assert.Equal(1, credential.Requests);
    }

    [Fact]
    public async Task A_refused_token_is_never_given_out_again_and_its_credential_is_made_anew()
    {
        var credential = new Credential(_time);
        var made = 0;
        using var tokens = new VaultTokens(
            () =>
            {
                made++;
                return credential;
            },
            _time,
            TimeSpan.FromSeconds(10));
        var old = await tokens.GetAsync(Challenge, null, default);
        var renewed = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => tokens.GetAsync(Challenge, old, default).AsTask()));
        Assert.All(renewed, token => Assert.Equal("token-2", token));
        Assert.Equal(2, made);
    }

    [Fact]
    public async Task Another_tenant_gets_another_token()
    {
        using var tokens = Tokens(new Credential(_time));
        Assert.Equal("token-1", await tokens.GetAsync(Challenge, null, default));
        Assert.Equal("token-2", await tokens.GetAsync(Challenge with { Tenant = "moved" }, null, default));
    }

    [Fact]
    public async Task A_credential_that_never_answers_is_given_up_in_time()
    {
        using var tokens = Tokens(new Credential(_time) { Gate = new TaskCompletionSource() });
        var waiting = tokens.GetAsync(Challenge, null, default).AsTask();
        while (_time.ActiveTimers == 0)
        {
            await Task.Yield();
        }

        _time.Advance(TimeSpan.FromSeconds(10));
        await Refusal.Of(KeyManagerError.Unavailable, async () => { _ = await waiting; });
    }

    private VaultTokens Tokens(Credential credential) => new(() => credential, _time, TimeSpan.FromSeconds(10));

    private static async Task<string> Eventually(Func<ValueTask<string>> get, string expected)
    {
        // The renewal's result is taken over on another thread, right after the credential answered.
        string token;
        while ((token = await get()) != expected)
        {
            await Task.Yield();
        }

        return token;
    }

    private sealed class Credential(TimeProvider time) : TokenCredential
    {
        private readonly Channel<int> _answered = Channel.CreateUnbounded<int>();
        private int _requests;
        private int _seen;

        public int Requests => _requests;

        public bool Fails { get; set; }

        public TaskCompletionSource? Gate { get; init; }

        public async Task Answered(int count)
        {
            for (; _seen < count; _seen++)
            {
                await _answered.Reader.ReadAsync();
            }
        }

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => throw new NotSupportedException();

        public override async ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            var number = Interlocked.Increment(ref _requests);
            if (Gate is not null)
            {
                await Gate.Task.WaitAsync(cancellationToken);
            }

            _answered.Writer.TryWrite(number);
            return Fails ? throw new HttpRequestException("down") : new AccessToken($"token-{number}", time.GetUtcNow().AddHours(1));
        }
    }
}
