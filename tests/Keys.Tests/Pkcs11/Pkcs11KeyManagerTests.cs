using System.Security.Cryptography;
using MeshGrains.Keys.Pkcs11;
using MeshGrains.Testing;

namespace MeshGrains.Keys.Tests.Pkcs11;

public sealed class Pkcs11KeyManagerTests(SoftHsm hsm) : IClassFixture<SoftHsm>, IDisposable
{
    private static readonly byte[] Digest = SHA256.HashData("to be signed"u8);
    private readonly FakeTimeProvider _time = new();
    private readonly CapturedLog _log = new();

    public void Dispose() => _log.Dispose();

    [SkippableTheory]
    [InlineData(KeyAlgorithm.EcdsaP256)]
    [InlineData(KeyAlgorithm.EcdsaP384)]
    [InlineData(KeyAlgorithm.Rsa2048)]
    public async Task A_key_made_in_the_token_is_found_again_and_signs_for_X509(KeyAlgorithm algorithm)
    {
        hsm.RequireHere();
        var name = $"root-{algorithm}";
        ManagedKey made;
        await using (var first = Open())
        {
            Assert.Null(await first.FindAsync(name, default));
            made = await first.CreateAsync(name, algorithm, KeyPurpose.Sign, default);
        }

        await using var keys = Open();
        Assert.True(keys.IsProductionGrade);
        var found = await keys.FindAsync(name, default);
        Assert.Equal(made.Reference, found!.Reference);
        Assert.Equal(algorithm, found.Algorithm);
        var digest = Signatures.Digest(algorithm, "to be signed"u8);
        for (var i = 0; i < 20; i++)
        {
            Assert.True(Signatures.Verify(made, digest, await keys.SignDigestAsync(found.Reference, algorithm, digest, default)));
        }
    }

    [SkippableFact]
    public async Task A_second_create_makes_a_newer_version_and_the_older_one_goes_on_working()
    {
        hsm.RequireHere();
        await using var keys = Open();
        var older = await keys.CreateAsync("versions", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        _time.Advance(TimeSpan.FromSeconds(1));
        var newer = await keys.CreateAsync("versions", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        Assert.Equal(newer.Reference, (await keys.FindAsync("versions", default))!.Reference);
        Assert.True(Signatures.Verify(older, Digest, await keys.SignDigestAsync(older.Reference, KeyAlgorithm.EcdsaP256, Digest, default)));
    }

    [SkippableFact]
    public async Task A_wrapped_data_key_comes_back_and_an_altered_one_is_refused()
    {
        hsm.RequireHere();
        await using var keys = Open();
        var wrap = await keys.CreateAsync("wrap", KeyAlgorithm.Rsa2048, KeyPurpose.Wrap, default);
        var dataKey = RandomNumberGenerator.GetBytes(32);
        var wrapped = await keys.WrapAsync(wrap.Reference, dataKey, default);
        Assert.Equal(dataKey, await keys.UnwrapAsync(wrap.Reference, wrapped, default));
        foreach (var at in new[] { 0, 1, 100, wrapped.Length - 1 })
        {
            var altered = (byte[])wrapped.Clone();
            altered[at] ^= 3;
            await Assert.ThrowsAsync<KeyManagerException>(async () => await keys.UnwrapAsync(wrap.Reference, altered, default));
        }

        await Refusal.Of(KeyManagerError.Invalid, () => keys.UnwrapAsync(wrap.Reference, wrapped.AsMemory(1), default));
        await Refusal.Of(KeyManagerError.Invalid, () => keys.SignDigestAsync(wrap.Reference, KeyAlgorithm.Rsa2048, Digest, default));
        await Refusal.Of(KeyManagerError.Invalid, () => keys.CreateAsync("wrap-ec", KeyAlgorithm.EcdsaP256, KeyPurpose.Wrap, default));
    }

    [SkippableFact]
    public async Task Private_keys_are_sensitive_and_never_leave_the_token()
    {
        hsm.RequireHere();
        await using var keys = Open();
        await keys.CreateAsync("sealed", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        var listing = hsm.Pkcs11Tool("--list-objects", "--type", "privkey", "--label", "sealed").EnsureSuccess().Output;
        Assert.Contains("sensitive, always sensitive, never extractable, local", listing, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_foreign_key_under_the_same_label_is_not_taken_for_ours()
    {
        hsm.RequireHere();
        hsm.Pkcs11Tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "foreign", "--id", "0102").EnsureSuccess();
        await using var keys = Open();
        Assert.Null(await keys.FindAsync("foreign", default));
    }

    [SkippableFact]
    public async Task Labels_begin_with_the_object_of_the_URI()
    {
        hsm.RequireHere();
        await using var keys = Open(hsm.Uri(attributes: ";object=cluster-a-"));
        var key = await keys.CreateAsync("root", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        Assert.Equal("root", key.Name);
        Assert.StartsWith("pkcs11:token=mesh;object=cluster-a-root;id=%4D%47%31", key.Reference.Value, StringComparison.Ordinal);
        Assert.Equal(key.Reference, (await keys.FindAsync("root", default))!.Reference);
    }

    [SkippableFact]
    public async Task Many_callers_share_a_few_sessions()
    {
        hsm.RequireHere();
        await using var keys = Open();
        var key = await keys.CreateAsync("busy", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        var signatures = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => keys.SignDigestAsync(key.Reference, KeyAlgorithm.EcdsaP256, Digest, default).AsTask()));
        Assert.All(signatures, signature => Assert.True(Signatures.Verify(key, Digest, signature)));
    }

    [SkippableFact]
    public async Task Sessions_and_login_that_were_lost_are_made_anew()
    {
        hsm.RequireHere();
        await using var keys = Open();
        var key = await keys.CreateAsync("lost", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        var module = Pkcs11Module.Acquire(hsm.Module!);
        for (ulong session = 1; session < 1000; session++)
        {
            module.CloseSession(session);
        }

        module.Release();
        Assert.True(Signatures.Verify(key, Digest, await keys.SignDigestAsync(key.Reference, KeyAlgorithm.EcdsaP256, Digest, default)));
    }

    [SkippableFact]
    public async Task A_wrong_PIN_is_denied_and_not_tried_twice()
    {
        hsm.RequireHere();
        var pin = hsm.WritePin("wrong-pin", "wrong-secret-pin");
        await using var keys = Open(hsm.Uri(token: "other", pinFile: pin));
        var error = await Refusal.Of(KeyManagerError.Denied, () => keys.FindAsync("root", default));
        Assert.DoesNotContain("wrong-secret-pin", error + _log.Text, StringComparison.Ordinal);
        hsm.WritePin("wrong-pin", SoftHsm.Pin);
        await Refusal.Of(KeyManagerError.Denied, () => keys.FindAsync("root", default));
        await using var again = Open(hsm.Uri(token: "other", pinFile: pin));
        Assert.Null(await again.FindAsync("root", default));
    }

    [SkippableFact]
    public async Task A_PIN_file_that_others_may_read_is_refused()
    {
        hsm.RequireHere();
        var pin = hsm.WritePin("open-pin", SoftHsm.Pin);
        File.SetUnixFileMode(pin, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        await using var keys = Open(hsm.Uri(token: "other", pinFile: pin));
        var error = await Refusal.Of(KeyManagerError.Invalid, () => keys.FindAsync("root", default));
        Assert.Contains("chmod 600", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_token_that_is_away_is_unavailable_and_unknown_keys_are_not_found()
    {
        hsm.RequireHere();
        await using var away = Open(hsm.Uri(token: "away"));
        await Refusal.Of(KeyManagerError.Unavailable, () => away.FindAsync("root", default));
        await using var keys = Open();
        var unknown = new KeyReference($"pkcs11:token=mesh;object=root;id=%{string.Join('%', Enumerable.Repeat("AB", 16))}");
        await Refusal.Of(KeyManagerError.NotFound, () => keys.GetAsync(unknown, default));
        await Refusal.Of(KeyManagerError.Invalid, () => keys.GetAsync(new KeyReference("pkcs11:token=other;object=root;id=%AB"), default));
    }

    [Fact]
    public void A_module_that_is_missing_is_told_when_the_manager_is_opened()
    {
        var error = Assert.Throws<KeyManagerException>(() => Open("pkcs11:token=mesh?module-path=/nowhere/module.so&pin-source=file:/nowhere/pin"));
        Assert.Equal(KeyManagerError.NotFound, error.Kind);
        Assert.Throws<KeyManagerException>(() => Open("pkcs11:token=mesh?pin-source=file:/nowhere/pin"));
    }

    [Fact]
    public async Task A_file_that_is_no_module_is_refused()
    {
        using var directory = new TempDirectory();
        await using var keys = Open($"pkcs11:token=mesh?module-path={directory.Write("module.so", "no library")}&pin-source=file:/nowhere/pin");
        await Refusal.Of(KeyManagerError.Invalid, () => keys.FindAsync("root", default));
    }

    private IKeyManager Open(string? uri = null) =>
        KeyManagers.Open(uri ?? hsm.Uri(), new KeyManagerOptions { ReadEnvironment = _ => null }, _time, _log);
}
