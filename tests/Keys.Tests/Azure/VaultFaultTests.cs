using System.Security.Cryptography;
using MeshGrains.KeyVaultEmulator;

namespace MeshGrains.Keys.Tests.Azure;

public sealed class VaultFaultTests : IAsyncLifetime
{
    private static readonly byte[] Digest = SHA256.HashData("to be signed"u8);
    private Vault _vault = null!;
    private IKeyManager _keys = null!;
    private KeyReference _root = null!;

    public async Task InitializeAsync()
    {
        _vault = await Vault.StartAsync();
        _keys = _vault.Open();
        _root = (await _keys.CreateAsync("root", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default)).Reference;
        _vault.Emulator.Calls.Clear();
    }

    public async Task DisposeAsync()
    {
        await _keys.DisposeAsync();
        await _vault.DisposeAsync();
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    public async Task A_throttled_call_is_retried_with_and_without_Retry_After(int? seconds)
    {
        _vault.Emulator.Faults.Plan(EmulatorFault.Throttle, 3, retryAfterSeconds: seconds);
        await Sign();
        Assert.Equal(4, _vault.Emulator.Calls["sign"]);
    }

    [Fact]
    public async Task A_vault_that_goes_on_throttling_ends_the_call_after_a_bounded_number_of_attempts()
    {
        _vault.Emulator.Faults.Plan(EmulatorFault.Throttle, 100);
        await Refusal.Of(KeyManagerError.Throttled, Sign);
        Assert.Equal(1 + Vault.Quick.MaxRetries, _vault.Emulator.Calls["sign"]);
    }

    [Fact]
    public async Task A_Retry_After_longer_than_we_wait_ends_the_call_at_once_and_is_told()
    {
        _vault.Emulator.Faults.Plan(EmulatorFault.Throttle, 100, retryAfterSeconds: 600);
        var error = await Refusal.Of(KeyManagerError.Throttled, Sign);
        Assert.Equal(TimeSpan.FromMinutes(10), error.RetryAfter);
        Assert.Equal(1, _vault.Emulator.Calls["sign"]);
    }

    [Fact]
    public async Task Making_a_key_is_retried_when_throttled_and_never_after_an_unclear_failure()
    {
        _vault.Emulator.Faults.Plan(EmulatorFault.Throttle, 2);
        await _keys.CreateAsync("a", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        Assert.Equal(3, _vault.Emulator.Calls["create"]);
        foreach (var fault in new[] { EmulatorFault.ServerError, EmulatorFault.Drop })
        {
            _vault.Emulator.Calls.Clear();
            _vault.Emulator.Faults.Plan(fault);
            await Refusal.Of(KeyManagerError.Unavailable, () => _keys.CreateAsync("b", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default));
            Assert.Equal(1, _vault.Emulator.Calls["create"]);
        }
    }

    [Theory]
    [InlineData(EmulatorFault.ServerError)]
    [InlineData(EmulatorFault.Drop)]
    [InlineData(EmulatorFault.LoseReply)]
    public async Task A_signature_survives_server_errors_and_cut_connections(EmulatorFault fault)
    {
        _vault.Emulator.Faults.Plan(fault, 2);
        await Sign();

        // HttpClient itself sends a request again when a kept connection died under it, so a cut one may cost one more.
        Assert.InRange(_vault.Emulator.Calls["sign"], 3, fault == EmulatorFault.ServerError ? 3 : 5);
    }

    [Fact]
    public async Task A_vault_that_hangs_is_given_up_in_time()
    {
        await using var keys = _vault.Open(Vault.Quick with { AttemptTimeout = TimeSpan.FromSeconds(3), MaxRetries = 1 });
        await keys.GetAsync(_root, default);
        _vault.Emulator.Faults.Plan(EmulatorFault.Hang, 100);
        await Refusal.Of(KeyManagerError.Unavailable, () => keys.SignDigestAsync(_root, KeyAlgorithm.EcdsaP256, Digest, default));
        Assert.Equal(2, _vault.Emulator.Calls["sign"]);
    }

    [Fact]
    public async Task A_caller_that_gives_up_is_released_at_once()
    {
        _vault.Emulator.Faults.Plan(EmulatorFault.Hang, 100);
        using var giveUp = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _keys.SignDigestAsync(_root, KeyAlgorithm.EcdsaP256, Digest, giveUp.Token));
    }

    [Fact]
    public async Task The_breaker_opens_on_a_failing_vault_and_then_nothing_is_sent()
    {
        await using var keys = _vault.Open(Vault.Quick with { BreakerThreshold = 4, MaxRetries = 0, BreakerPause = TimeSpan.FromMinutes(1) });
        await keys.GetAsync(_root, default);
        _vault.Emulator.Faults.Plan(EmulatorFault.ServerError, 1000);
        for (var i = 0; i < 10; i++)
        {
            await Refusal.Of(KeyManagerError.Unavailable, () => keys.SignDigestAsync(_root, KeyAlgorithm.EcdsaP256, Digest, default));
        }

        // The successful read counts among the four attempts that the breaker looks at.
        Assert.Equal(3, _vault.Emulator.Calls["sign"]);
        Assert.Contains("left alone", _vault.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_spent_budget_refuses_without_a_call()
    {
        await using var keys = _vault.Open(budget: new CallBudget(3, 0.001, TimeProvider.System));
        await keys.GetAsync(_root, default);
        await keys.SignDigestAsync(_root, KeyAlgorithm.EcdsaP256, Digest, default);
        await keys.SignDigestAsync(_root, KeyAlgorithm.EcdsaP256, Digest, default);
        _vault.Emulator.Calls.Clear();
        var error = await Refusal.Of(KeyManagerError.BudgetExhausted, () => keys.SignDigestAsync(_root, KeyAlgorithm.EcdsaP256, Digest, default));
        Assert.True(error.RetryAfter > TimeSpan.FromMinutes(10));
        Assert.Empty(_vault.Emulator.Calls.Snapshot());
    }

    [Fact]
    public async Task The_vaults_own_buckets_throttle_and_the_client_waits_them_out()
    {
        await using var vault = await Vault.StartAsync(new KeyVaultEmulatorOptions { CreateLimit = 1 });
        await using var keys = vault.Open(Vault.Quick with { MaxRetries = 1 });
        await keys.CreateAsync("a", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        await Refusal.Of(KeyManagerError.Throttled, () => keys.CreateAsync("b", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default));
        Assert.Equal(2, vault.Emulator.Calls["throttled"]);
    }

    private ValueTask<byte[]> Sign() => _keys.SignDigestAsync(_root, KeyAlgorithm.EcdsaP256, Digest, default);
}
