using System.Security.Cryptography;
using MeshGrains.KeyVaultEmulator;
using MeshGrains.Testing;

namespace MeshGrains.Keys.Tests.Azure;

public sealed class VaultAuthenticationTests : IAsyncLifetime
{
    private static readonly byte[] Digest = SHA256.HashData("to be signed"u8);
    private Vault _vault = null!;

    public async Task InitializeAsync() => _vault = await Vault.StartAsync();

    public async Task DisposeAsync() => await _vault.DisposeAsync();

    [Fact]
    public async Task A_hundred_calls_at_once_ask_for_one_token()
    {
        await using var keys = _vault.Open(budget: new CallBudget(1000, 1000, TimeProvider.System));
        _vault.Emulator.Faults.TokenLatency = TimeSpan.FromMilliseconds(100);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => keys.FindAsync("root", default).AsTask()));
        Assert.Equal(100, _vault.Emulator.Calls["list"]);
        Assert.Equal(1, _vault.Emulator.Calls["token"]);
    }

    [Fact]
    public async Task A_federated_token_signs_in_and_the_file_is_read_anew_at_each_exchange()
    {
        var environment = _vault.FederatedEnvironment("not a token");
        await using var keys = _vault.Open(environment: environment);
        var refused = await Refusal.Of(KeyManagerError.Denied, () => keys.FindAsync("root", default));
        Assert.Contains("AADSTS700024", refused.Message, StringComparison.Ordinal);
        await File.WriteAllTextAsync(environment["AZURE_FEDERATED_TOKEN_FILE"], _vault.Emulator.FederatedToken());
        await using var again = _vault.Open(environment: environment);
        Assert.Null(await again.FindAsync("root", default));
    }

    [Fact]
    public async Task A_token_refused_in_mid_life_is_replaced_and_the_call_goes_through()
    {
        await using var keys = _vault.Open();
        var root = await keys.CreateAsync("root", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        _vault.Emulator.Calls.Clear();
        _vault.Emulator.Faults.Plan(EmulatorFault.RefuseToken);
        await keys.SignDigestAsync(root.Reference, KeyAlgorithm.EcdsaP256, Digest, default);
        Assert.Equal(new Dictionary<string, int> { ["sign"] = 2, ["token"] = 1 }, _vault.Emulator.Calls.Snapshot());
    }

    [Fact]
    public async Task A_vault_that_takes_no_token_ends_as_denied_after_two_of_them()
    {
        await using var keys = _vault.Open();
        _vault.Emulator.Faults.Plan(EmulatorFault.RefuseToken, 1000);
        await Refusal.Of(KeyManagerError.Denied, () => keys.FindAsync("root", default));
        Assert.Equal(2, _vault.Emulator.Calls["token"]);
    }

    [Theory]
    [InlineData("https://vault.azure.net")]
    [InlineData("https://graph.microsoft.com")]
    [InlineData("https://sh.vault.localhost")]
    [InlineData("https://mesh.vault.localhost")]
    [InlineData("http://vault.localhost")]
    [InlineData("https://vault.localhost/other")]
    [InlineData("https://localhost")]
    [InlineData("https://vault.localhost:8443")]
    [InlineData("")]
    public async Task A_challenge_for_somebody_elses_resource_gets_no_token(string resource)
    {
        await using var keys = _vault.Open();
        _vault.Emulator.Faults.ChallengeResource = resource;
        var error = await Refusal.Of(KeyManagerError.Denied, () => keys.FindAsync("root", default));
        Assert.Contains("No token was sent", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, _vault.Emulator.Calls["token"]);
        Assert.Equal(1, _vault.Emulator.Calls["challenge"]);
    }

    [Fact]
    public async Task A_vault_that_moved_to_a_hostile_challenge_in_mid_life_gets_nothing_more()
    {
        await using var keys = _vault.Open();
        await keys.FindAsync("root", default);
        _vault.Emulator.Calls.Clear();
        _vault.Emulator.Faults.ChallengeResource = "https://graph.microsoft.com";
        _vault.Emulator.Faults.Plan(EmulatorFault.RefuseToken, 1000);
        await Refusal.Of(KeyManagerError.Denied, () => keys.FindAsync("root", default));
        Assert.Equal(new Dictionary<string, int> { ["list"] = 1 }, _vault.Emulator.Calls.Snapshot());
    }

    [Fact]
    public async Task A_vault_that_asks_for_no_token_is_no_vault()
    {
        await using var keys = _vault.Open();
        _vault.Emulator.Faults.AskForNoToken = true;
        await Refusal.Of(KeyManagerError.Invalid, () => keys.FindAsync("root", default));
    }

    [Fact]
    public async Task A_vault_under_another_root_is_not_talked_to()
    {
        await using var other = await KeyVaultEmulatorHost.StartAsync();
        await using var keys = _vault.Open(Vault.Quick with { MaxRetries = 0 }, trustedRoots: other.CaPem);
        await Refusal.Of(KeyManagerError.Unavailable, () => keys.FindAsync("root", default));
        Assert.Empty(_vault.Emulator.Calls.Snapshot());
    }

    [Fact]
    public async Task A_wrong_client_secret_is_denied_without_being_tried_again()
    {
        var environment = new Dictionary<string, string>(_vault.Emulator.ClientSecretEnvironment) { ["AZURE_CLIENT_SECRET"] = "hunter2-hunter2" };
        await using var keys = _vault.Open(environment: environment);
        var error = await Refusal.Of(KeyManagerError.Denied, () => keys.FindAsync("root", default));
        Assert.Contains("AADSTS7000215", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, _vault.Emulator.Calls["token"]);
    }

    [Fact]
    public async Task A_token_authority_in_trouble_is_tried_again()
    {
        await using var keys = _vault.Open();
        _vault.Emulator.Faults.Plan(EmulatorFault.ServerError, 2, operation: "token");
        Assert.Null(await keys.FindAsync("root", default));
    }

    [Fact]
    public async Task Missing_settings_are_told_when_the_manager_is_opened()
    {
        var environment = new Dictionary<string, string> { ["AZURE_CLIENT_SECRET"] = "hunter2-hunter2", ["AZURE_TENANT_ID"] = _vault.Emulator.TenantId };
        var error = Assert.Throws<KeyManagerException>(() => _vault.Open(environment: environment));
        Assert.Contains("AZURE_CLIENT_ID", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
        await using var keys = _vault.Open(environment: environment, query: $"?client-id={_vault.Emulator.ClientId}");
        var plaintext = new Dictionary<string, string>(_vault.Emulator.ClientSecretEnvironment) { ["AZURE_AUTHORITY_HOST"] = "http://login.vault.localhost" };
        Assert.Throws<KeyManagerException>(() => _vault.Open(environment: plaintext));
    }

    [Fact]
    public async Task Secrets_reach_neither_errors_nor_logs_even_when_vault_and_authority_quote_them()
    {
        var faults = _vault.Emulator.Faults;
        faults.QuoteSecrets = true;
        var texts = new List<string>();
        var assertion = _vault.Emulator.FederatedToken(TimeSpan.FromSeconds(-60));
        var wrong = new Dictionary<string, string>(_vault.Emulator.ClientSecretEnvironment) { ["AZURE_CLIENT_SECRET"] = "hunter2-hunter2" };
        foreach (var environment in new[] { wrong, _vault.FederatedEnvironment(assertion) })
        {
            await using var refused = _vault.Open(environment: environment);
            texts.Add((await Refusal.Of(KeyManagerError.Denied, () => refused.FindAsync("root", default))).ToString());
        }

        await using var keys = _vault.Open();
        var wrap = await keys.CreateAsync("wrap", KeyAlgorithm.Rsa2048, KeyPurpose.Wrap, default);
        foreach (var fault in new[] { EmulatorFault.Throttle, EmulatorFault.ServerError, EmulatorFault.RefuseToken, EmulatorFault.Drop })
        {
            faults.Plan(fault, 20);
            var error = await Assert.ThrowsAsync<KeyManagerException>(
                async () => await keys.WrapAsync(wrap.Reference, "a data key in clear, 32 bytes...."u8.ToArray(), default));
            texts.Add(error.ToString());
            faults.Clear();
            faults.QuoteSecrets = true;
        }

        var all = string.Join('\n', texts) + _vault.Log.Text;
        Assert.Contains("AADSTS", all, StringComparison.Ordinal);
        foreach (var secret in new[] { "hunter2", _vault.Emulator.ClientSecret, assertion, "eyJ", "You sent", "a data key", Convert.ToBase64String("a data key in"u8)[..12] })
        {
            Assert.DoesNotContain(secret, all, StringComparison.Ordinal);
        }
    }

    [SkippableFact]
    public async Task The_emulators_certificate_chain_is_valid_to_openssl()
    {
        var openssl = Tool.Require("openssl", "openssl");
        using var directory = new TempDirectory();
        var ca = directory.Write("ca.pem", _vault.Emulator.CaPem);
        var result = await Tool.RunAsync(
            openssl,
            ["s_client", "-connect", $"127.0.0.1:{_vault.Emulator.Port}", "-CAfile", ca, "-verify_return_error", "-verify_hostname", "mesh.vault.localhost"],
            input: []);
        Assert.Contains("Verify return code: 0", result.Output, StringComparison.Ordinal);
    }
}
