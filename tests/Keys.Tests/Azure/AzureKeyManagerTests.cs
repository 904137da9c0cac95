using System.Security.Cryptography;
using MeshGrains.KeyVaultEmulator;

namespace MeshGrains.Keys.Tests.Azure;

public sealed class AzureKeyManagerTests
{
    private static readonly byte[] Digest = SHA256.HashData("to be signed"u8);

    [Theory]
    [InlineData(KeyAlgorithm.EcdsaP256, "")]
    [InlineData(KeyAlgorithm.EcdsaP384, "")]
    [InlineData(KeyAlgorithm.EcdsaP256, "?protection=hsm")]
    [InlineData(KeyAlgorithm.Rsa2048, "")]
    [InlineData(KeyAlgorithm.Rsa3072, "?protection=hsm&api-version=7.5")]
    public async Task A_key_is_made_found_again_and_signs_for_X509(KeyAlgorithm algorithm, string query)
    {
        await using var vault = await Vault.StartAsync();
        ManagedKey made;
        await using (var first = vault.Open(query: query))
        {
            Assert.Null(await first.FindAsync("root-1", default));
            made = await first.CreateAsync("root-1", algorithm, KeyPurpose.Sign, default);
        }

        await using var keys = vault.Open(query: query);
        Assert.True(keys.IsProductionGrade);
        var found = await keys.FindAsync("root-1", default);
        Assert.Equal(made.Reference, found!.Reference);
        Assert.Equal(algorithm, found.Algorithm);
        Assert.Equal(made.SubjectPublicKeyInfo.ToArray(), found.SubjectPublicKeyInfo.ToArray());
        var digest = Signatures.Digest(algorithm, "to be signed"u8);
        for (var i = 0; i < 20; i++)
        {
            Assert.True(Signatures.Verify(found, digest, await keys.SignDigestAsync(made.Reference, algorithm, digest, default)));
        }
    }

    [Fact]
    public async Task A_signature_costs_one_call_once_challenge_token_and_public_key_are_known()
    {
        await using var vault = await Vault.StartAsync();
        await using var keys = vault.Open();
        var root = await keys.CreateAsync("root", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        vault.Emulator.Calls.Clear();
        for (var i = 0; i < 5; i++)
        {
            await keys.SignDigestAsync(root.Reference, KeyAlgorithm.EcdsaP256, Digest, default);
        }

        Assert.Equal(new Dictionary<string, int> { ["sign"] = 5 }, vault.Emulator.Calls.Snapshot());
    }

    [Fact]
    public async Task A_pinned_version_goes_on_signing_after_the_name_has_a_newer_one()
    {
        await using var vault = await Vault.StartAsync();
        await using var keys = vault.Open();
        var older = await keys.CreateAsync("root", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        var newer = await keys.CreateAsync("root", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        Assert.True(Signatures.Verify(older, Digest, await keys.SignDigestAsync(older.Reference, KeyAlgorithm.EcdsaP256, Digest, default)));
        Assert.Equal(newer.Reference, (await keys.FindAsync("root", default))!.Reference);
        await Refusal.Of(KeyManagerError.Invalid, () => keys.GetAsync(new KeyReference(older.Reference.Value[..^33]), default));
    }

    [Fact]
    public async Task The_newest_of_many_pages_of_versions_is_found()
    {
        await using var vault = await Vault.StartAsync(new KeyVaultEmulatorOptions { CreateLimit = 1000 });
        await using var keys = vault.Open(budget: new CallBudget(1000, 1000, TimeProvider.System));
        ManagedKey last = null!;
        for (var i = 0; i < 60; i++)
        {
            // Which of two is newer is told in milliseconds.
            var before = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
            SpinWait.SpinUntil(() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() > before);
            last = await keys.CreateAsync("root", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        }

        vault.Emulator.Calls.Clear();
        var found = await keys.FindAsync("root", default);
        Assert.Equal(3, vault.Emulator.Calls["list"]);
        Assert.Contains(found!.Reference.Value, last.Reference.Value, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_whose_create_reply_was_lost_is_found_by_its_name_and_not_made_twice()
    {
        await using var vault = await Vault.StartAsync();
        await using var keys = vault.Open();
        vault.Emulator.Faults.Plan(EmulatorFault.LoseReply, operation: "create");
        await Refusal.Of(KeyManagerError.Unavailable, () => keys.CreateAsync("root", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default));
        Assert.Equal(1, vault.Emulator.Calls["create"]);
        var found = await keys.FindAsync("root", default);
        Assert.NotNull(found);
        Assert.True(Signatures.Verify(found, Digest, await keys.SignDigestAsync(found.Reference, KeyAlgorithm.EcdsaP256, Digest, default)));
    }

    [Fact]
    public async Task A_wrapped_data_key_comes_back_and_an_altered_one_is_refused()
    {
        await using var vault = await Vault.StartAsync();
        await using var keys = vault.Open();
        var wrap = await keys.CreateAsync("wrap", KeyAlgorithm.Rsa2048, KeyPurpose.Wrap, default);
        var dataKey = RandomNumberGenerator.GetBytes(32);
        var wrapped = await keys.WrapAsync(wrap.Reference, dataKey, default);
        Assert.Equal(dataKey, await keys.UnwrapAsync(wrap.Reference, wrapped, default));
        wrapped[100] ^= 1;
        await Refusal.Of(KeyManagerError.Invalid, () => keys.UnwrapAsync(wrap.Reference, wrapped, default));
        await Refusal.Of(KeyManagerError.Invalid, () => keys.UnwrapAsync(wrap.Reference, wrapped.AsMemory(1), default));
    }

    [Fact]
    public async Task An_EC_key_to_wrap_with_is_refused_before_any_call()
    {
        await using var vault = await Vault.StartAsync();
        await using var keys = vault.Open();
        var error = await Refusal.Of(KeyManagerError.Invalid, () => keys.CreateAsync("wrap", KeyAlgorithm.EcdsaP256, KeyPurpose.Wrap, default));
        Assert.Contains("RSA", error.Message, StringComparison.Ordinal);
        Assert.Empty(vault.Emulator.Calls.Snapshot());
    }

    [Fact]
    public async Task A_signing_key_does_not_wrap_and_a_wrapping_key_does_not_sign()
    {
        await using var vault = await Vault.StartAsync();
        await using var keys = vault.Open();
        var sign = (await keys.CreateAsync("sign", KeyAlgorithm.Rsa2048, KeyPurpose.Sign, default)).Reference;
        var wrap = (await keys.CreateAsync("wrap", KeyAlgorithm.Rsa2048, KeyPurpose.Wrap, default)).Reference;
        await Refusal.Of(KeyManagerError.Invalid, () => keys.WrapAsync(sign, new byte[32], default));
        await Refusal.Of(KeyManagerError.Invalid, () => keys.SignDigestAsync(wrap, KeyAlgorithm.Rsa2048, Digest, default));
    }

    [Fact]
    public async Task A_signature_by_another_key_is_discarded()
    {
        await using var vault = await Vault.StartAsync();
        await using var keys = vault.Open();
        foreach (var algorithm in new[] { KeyAlgorithm.EcdsaP256, KeyAlgorithm.Rsa2048 })
        {
            var root = await keys.CreateAsync("root", algorithm, KeyPurpose.Sign, default);
            vault.Emulator.Faults.SignWithWrongKey = true;
            var error = await Refusal.Of(KeyManagerError.Invalid, () => keys.SignDigestAsync(root.Reference, algorithm, Digest, default));
            Assert.Contains("does not verify", error.Message, StringComparison.Ordinal);
            vault.Emulator.Faults.SignWithWrongKey = false;
            await keys.SignDigestAsync(root.Reference, algorithm, Digest, default);
        }
    }

    [Fact]
    public async Task A_reply_that_names_another_version_is_discarded()
    {
        await using var vault = await Vault.StartAsync();
        await using var keys = vault.Open();
        var root = await keys.CreateAsync("root", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        var wrap = await keys.CreateAsync("wrap", KeyAlgorithm.Rsa2048, KeyPurpose.Wrap, default);
        vault.Emulator.Faults.AnswerWithWrongVersion = true;
        var error = await Refusal.Of(KeyManagerError.Invalid, () => keys.SignDigestAsync(root.Reference, KeyAlgorithm.EcdsaP256, Digest, default));
        Assert.Contains("another key", error.Message, StringComparison.Ordinal);
        await Refusal.Of(KeyManagerError.Invalid, () => keys.WrapAsync(wrap.Reference, new byte[32], default));
    }

    [Fact]
    public async Task Unknown_and_disabled_keys_are_told_apart()
    {
        await using var vault = await Vault.StartAsync();
        await using var keys = vault.Open();
        var root = await keys.CreateAsync("root", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        var unknown = new KeyReference(root.Reference.Value[..^32] + new string('a', 32));
        await Refusal.Of(KeyManagerError.NotFound, () => keys.SignDigestAsync(unknown, KeyAlgorithm.EcdsaP256, Digest, default));
        vault.Emulator.SetEnabled("mesh", "root", false);
        await Refusal.Of(KeyManagerError.Disabled, () => keys.SignDigestAsync(root.Reference, KeyAlgorithm.EcdsaP256, Digest, default));
        await Refusal.Of(KeyManagerError.Disabled, () => keys.GetAsync(root.Reference, default));
        await Refusal.Of(KeyManagerError.Disabled, () => keys.FindAsync("root", default));
    }

    [Fact]
    public async Task A_reference_to_another_vault_is_refused_before_any_call()
    {
        await using var vault = await Vault.StartAsync();
        await using var keys = vault.Open();
        var elsewhere = $"azurekms:{vault.Emulator.VaultUri("other").GetLeftPart(UriPartial.Authority)}/keys/root/{new string('a', 32)}";
        await Refusal.Of(KeyManagerError.Invalid, () => keys.GetAsync(new KeyReference(elsewhere), default));
        await Refusal.Of(KeyManagerError.Invalid, () => keys.GetAsync(new KeyReference("file:root/1-ab"), default));
        Assert.Empty(vault.Emulator.Calls.Snapshot());
    }

    [Fact]
    public async Task Keys_token_authority_and_port_are_found_again_after_the_vault_restarts()
    {
        using var directory = new Testing.TempDirectory();
        var options = new KeyVaultEmulatorOptions { DataFile = directory.File("vault.json") };
        var first = await Vault.StartAsync(options);
        var keys = first.Open();
        var root = await keys.CreateAsync("root", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        await first.DisposeAsync();
        await Refusal.Of(KeyManagerError.Unavailable, () => keys.SignDigestAsync(root.Reference, KeyAlgorithm.EcdsaP256, Digest, default));
        await using var second = await Vault.StartAsync(options);
        Assert.True(Signatures.Verify(root, Digest, await keys.SignDigestAsync(root.Reference, KeyAlgorithm.EcdsaP256, Digest, default)));
        await keys.DisposeAsync();
    }
}
