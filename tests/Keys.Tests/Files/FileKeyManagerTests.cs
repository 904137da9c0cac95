using System.Security.Cryptography;
using MeshGrains.Testing;

namespace MeshGrains.Keys.Tests.Files;

public sealed class FileKeyManagerTests : IDisposable
{
    private const string Passphrase = "correct horse battery staple";
    private readonly TempDirectory _data = new();
    private readonly CapturedLog _log = new();

    public void Dispose() => _data.Dispose();

    [Theory]
    [InlineData(KeyAlgorithm.EcdsaP256)]
    [InlineData(KeyAlgorithm.EcdsaP384)]
    [InlineData(KeyAlgorithm.Rsa2048)]
    public async Task A_key_signs_after_the_manager_was_opened_again(KeyAlgorithm algorithm)
    {
        ManagedKey made;
        await using (var first = Open())
        {
            made = await first.CreateAsync("root-1", algorithm, KeyPurpose.Sign, default);
        }

        await using var second = Open();
        var found = await second.FindAsync("root-1", default);
        Assert.Equal(made.Reference, found!.Reference);
        Assert.Equal(made.SubjectPublicKeyInfo.ToArray(), found.SubjectPublicKeyInfo.ToArray());
        var digest = Signatures.Digest(algorithm, "to be signed"u8);
        var signature = await second.SignDigestAsync(found.Reference, algorithm, digest, default);
        Assert.True(Signatures.Verify(found, digest, signature));
    }

    [Fact]
    public async Task A_second_create_makes_a_newer_version_and_the_older_one_goes_on_working()
    {
        await using var keys = Open();
        var older = await keys.CreateAsync("root", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        var newer = await keys.CreateAsync("root", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        Assert.NotEqual(older.Reference, newer.Reference);
        Assert.Equal(newer.Reference, (await keys.FindAsync("root", default))!.Reference);
        Assert.Equal(older.SubjectPublicKeyInfo.ToArray(), (await keys.GetAsync(older.Reference, default)).SubjectPublicKeyInfo.ToArray());
    }

    [Fact]
    public async Task A_name_that_another_name_begins_with_is_not_confused_with_it()
    {
        await using var keys = Open();
        await keys.CreateAsync("root-2", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        Assert.Null(await keys.FindAsync("root", default));
    }

    [Fact]
    public async Task A_wrapped_data_key_comes_back_and_an_altered_one_is_refused()
    {
        await using var keys = Open();
        var wrap = await keys.CreateAsync("wrap", KeyAlgorithm.Rsa2048, KeyPurpose.Wrap, default);
        var other = await keys.CreateAsync("wrap", KeyAlgorithm.Rsa2048, KeyPurpose.Wrap, default);
        Assert.True(wrap.SubjectPublicKeyInfo.IsEmpty);
        var dataKey = RandomNumberGenerator.GetBytes(32);
        var wrapped = await keys.WrapAsync(wrap.Reference, dataKey, default);
        Assert.Equal(dataKey, await keys.UnwrapAsync(wrap.Reference, wrapped, default));
        Assert.True(wrapped.AsSpan().IndexOf(dataKey) < 0);
        for (var i = 0; i < wrapped.Length; i++)
        {
            var altered = (byte[])wrapped.Clone();
            altered[i] ^= 1;
            await Refused(KeyManagerError.Invalid, () => keys.UnwrapAsync(wrap.Reference, altered, default).AsTask());
        }

        await Refused(KeyManagerError.Invalid, () => keys.UnwrapAsync(other.Reference, wrapped, default).AsTask());
        await Refused(KeyManagerError.Invalid, () => keys.UnwrapAsync(wrap.Reference, ReadOnlyMemory<byte>.Empty, default).AsTask());
    }

    [Fact]
    public async Task Wrong_names_kinds_digests_uses_and_references_are_refused()
    {
        await using var keys = Open();
        var sign = (await keys.CreateAsync("root", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default)).Reference;
        var wrap = (await keys.CreateAsync("wrap", KeyAlgorithm.Rsa2048, KeyPurpose.Wrap, default)).Reference;
        foreach (var name in new[] { "", "../x", "a/b", "a.b", "é", new string('a', 128) })
        {
            await Refused(KeyManagerError.Invalid, () => keys.CreateAsync(name, KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default).AsTask());
        }

        await Refused(KeyManagerError.Invalid, () => keys.CreateAsync("w", KeyAlgorithm.EcdsaP256, KeyPurpose.Wrap, default).AsTask());
        await Refused(KeyManagerError.Invalid, () => keys.SignDigestAsync(sign, KeyAlgorithm.EcdsaP256, new byte[31], default).AsTask());
        await Refused(KeyManagerError.Invalid, () => keys.SignDigestAsync(sign, KeyAlgorithm.EcdsaP384, new byte[48], default).AsTask());
        await Refused(KeyManagerError.Invalid, () => keys.SignDigestAsync(wrap, KeyAlgorithm.Rsa2048, new byte[32], default).AsTask());
        await Refused(KeyManagerError.Invalid, () => keys.WrapAsync(sign, new byte[32], default).AsTask());
        await Refused(KeyManagerError.Invalid, () => keys.WrapAsync(wrap, new byte[65], default).AsTask());
        await Refused(KeyManagerError.NotFound, () => keys.GetAsync(new KeyReference("file:root/9-abc"), default).AsTask());
        foreach (var reference in new[] { "", "file:", "file:root", "file:../../etc/passwd", "pkcs11:id=%01", "file:root/../x" })
        {
            await Refused(KeyManagerError.Invalid, () => keys.GetAsync(new KeyReference(reference), default).AsTask());
        }
    }

    [Fact]
    public async Task Files_are_private_and_no_private_key_lies_in_them_in_clear()
    {
        await using var keys = Open();
        await keys.CreateAsync("root", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        var files = Directory.GetFiles(_data.FullPath, "*", SearchOption.AllDirectories);
        Assert.Equal(3, files.Length);
        Assert.All(files, f => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(f)));
        Assert.Contains(_data.File("seal.key"), files);
        Assert.DoesNotContain(files, f => File.ReadAllText(f).Contains("PRIVATE", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_that_its_group_may_read_is_refused_with_the_command_that_mends_it()
    {
        ManagedKey key;
        await using (var keys = Open())
        {
            key = await keys.CreateAsync("root", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        }

        var path = Directory.GetFiles(_data.File("keys"), "root.*").Single();
        File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.GroupRead);
        await using (var keys = Open())
        {
            var error = await Refused(KeyManagerError.Invalid, () => keys.GetAsync(key.Reference, default).AsTask());
            Assert.Contains("chmod 600", error.Message, StringComparison.Ordinal);
        }

        File.SetUnixFileMode(_data.File("seal.key"), (UnixFileMode)0b110_000_100);
        Assert.Contains("chmod 600", Assert.Throws<KeyManagerException>(() => Open()).Message, StringComparison.Ordinal);
        File.SetUnixFileMode(_data.File("seal.key"), (UnixFileMode)0b110_000_000);
        File.SetUnixFileMode(_data.File("keys"), (UnixFileMode)0b111_111_111);
        Assert.Contains("chmod 700", Assert.Throws<KeyManagerException>(() => Open()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_passphrase_is_told_from_a_tampered_file()
    {
        var passphrase = WritePrivate("passphrase", Passphrase + "\n");
        ManagedKey key;
        await using (var keys = Open($"file:keys?passphrase-file={passphrase}"))
        {
            key = await keys.CreateAsync("root", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        }

        Assert.False(File.Exists(_data.File("seal.key")));
        WritePrivate("passphrase", "wrong horse battery staple");
        var wrong = Assert.Throws<KeyManagerException>(() => Open($"file:keys?passphrase-file={passphrase}"));
        Assert.Equal(KeyManagerError.Denied, wrong.Kind);
        Assert.Contains("wrong passphrase", wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("horse", wrong + _log.Text, StringComparison.Ordinal);

        WritePrivate("passphrase", Passphrase);
        await using var again = Open($"file:keys?passphrase-file={passphrase}");
        Assert.Equal(key.Reference, (await again.FindAsync("root", default))!.Reference);
    }

    [Fact]
    public async Task Any_changed_field_of_a_key_file_is_refused_as_tampering()
    {
        ManagedKey key;
        await using (var keys = Open())
        {
            key = await keys.CreateAsync("root", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        }

        var path = Directory.GetFiles(_data.File("keys"), "root.*").Single();
        var original = await File.ReadAllTextAsync(path);
        var sealedText = original.Split("\"sealed\": \"")[1].Split('"')[0];
        var changes = new (string From, string To)[]
        {
            ("EcdsaP256", "EcdsaP384"),
            ("\"Sign\"", "\"Wrap\""),
            ("\"createdUnixSeconds\": ", "\"createdUnixSeconds\": 1"),
            ("\"root\"", "\"toor\""),
            (sealedText[..8], Flip(sealedText[..8])),
            (sealedText[^12..^4], Flip(sealedText[^12..^4])),
            ("{", "{ \"extra\": 1,"),
            ("{", ""),
        };
        foreach (var (from, to) in changes)
        {
            Assert.Contains(from, original, StringComparison.Ordinal);
            await File.WriteAllTextAsync(path, original.Replace(from, to, StringComparison.Ordinal));
            await using var keys = Open();
            var error = await Refused(KeyManagerError.Invalid, () => keys.GetAsync(key.Reference, default).AsTask());
            Assert.Contains("tampered", error.Message, StringComparison.Ordinal);
        }

        await File.WriteAllTextAsync(path, original);
        await using var whole = Open();
        await whole.GetAsync(key.Reference, default);
    }

    [Fact]
    public async Task A_lost_seal_key_or_seal_is_never_replaced_by_a_new_one()
    {
        await using (var keys = Open())
        {
            await keys.CreateAsync("root", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        }

        File.Move(_data.File("seal.key"), _data.File("away"));
        Assert.Equal(KeyManagerError.NotFound, Assert.Throws<KeyManagerException>(() => Open()).Kind);
        Assert.False(File.Exists(_data.File("seal.key")));
        File.Move(_data.File("away"), _data.File("seal.key"));
        File.Delete(_data.File("keys/seal.json"));
        Assert.Contains("backup", Assert.Throws<KeyManagerException>(() => Open()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_seal_with_fewer_rounds_than_allowed_is_refused()
    {
        var uri = $"file:keys?passphrase-file={WritePrivate("passphrase", Passphrase)}";
        await using (Open(uri))
        {
        }

        var header = _data.File("keys/seal.json");
        await File.WriteAllTextAsync(header, (await File.ReadAllTextAsync(header)).Replace("600000", "1000", StringComparison.Ordinal));
        Assert.Contains("PBKDF2", Assert.Throws<KeyManagerException>(() => Open(uri)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Opening_says_loudly_that_production_wants_a_KMS()
    {
        await using var keys = Open();
        Assert.False(keys.IsProductionGrade);
        Assert.Contains("Warning: NOT FOR PRODUCTION", _log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_temporary_file_that_a_crash_left_is_no_key()
    {
        await using var keys = Open();
        WritePrivate("keys/root.1-00ff.key.json.abcd.tmp", "half a fi");
        Assert.Null(await keys.FindAsync("root", default));
    }

    private IKeyManager Open(string uri = "file:keys") =>
        KeyManagers.Open(uri, new KeyManagerOptions { DataDirectory = _data.FullPath }, TimeProvider.System, _log);

    private string WritePrivate(string name, string text)
    {
        var path = _data.Write(name, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    private static string Flip(string text) => string.Concat(text.Select(c => c == 'A' ? 'B' : 'A'));

    private static async Task<KeyManagerException> Refused(KeyManagerError kind, Func<Task> act)
    {
        var error = await Assert.ThrowsAsync<KeyManagerException>(act);
        Assert.Equal(kind, error.Kind);
        return error;
    }
}
