using System.Buffers.Text;
using System.Net;
using System.Text;
using MeshGrains.Keys.Tests.Pkcs11;
using MeshGrains.Testing;
using Microsoft.Data.Sqlite;

namespace MeshGrains.Silo.Tests;

/// <summary>
/// A silo's whole life under the most talkative log: what it was told in confidence is found neither in its log nor on its metrics page nor in
/// its files. Private keys lie in files only where they are meant to: the bootstrap's and the serving certificate's.
/// </summary>
[Collection(EmulatedVault.Collection)]
public sealed class SecretsTests(SoftHsm hsm) : IClassFixture<SoftHsm>
{
    private const string PrivateKey = "PRIVATE KEY";

    [Fact]
    public async Task Nothing_secret_is_told_with_a_key_vault()
    {
        using var folder = new TempDirectory();
        await using var vault = await EmulatedVault.StartAsync(folder);
        var data = folder.File("data");
        vault.Host.Faults.QuoteSecrets = true;

        var (told, secrets) = await LiveAsync(folder, data, vault.Settings, null);

        secrets.Add("client secret", vault.ClientSecret);
        var recordKey = vault.Unwrap(WrappedRecordKey(data));
        Assert.Equal(32, recordKey.Length);
        secrets.Add("record key", recordKey);
        AssertNoneTold(told, secrets);
    }

    [SkippableFact]
    public async Task Nothing_secret_is_told_with_an_hsm()
    {
        hsm.Require();
        using var folder = new TempDirectory();

        var (told, secrets) = await LiveAsync(folder, folder.File("data"), [$"keys.uri={hsm.Uri()}"], hsm.Variables);

        secrets.Add("PIN", SoftHsm.Pin);
        AssertNoneTold(told, secrets);
    }

    [Fact]
    public async Task Nothing_secret_is_told_with_keys_in_files()
    {
        using var folder = new TempDirectory();
        var data = folder.File("data");

        var (told, secrets) = await LiveAsync(folder, data, [], null);

        var sealing = Directory.EnumerateFiles(Path.Combine(data, "keys"), "*seal*", SearchOption.AllDirectories).ToList();
        Assert.NotEmpty(sealing);
        foreach (var file in sealing)
        {
            secrets.Add("seal key file", (await File.ReadAllTextAsync(file)).Trim());
        }

        AssertNoneTold(told.Where(part => !sealing.Contains(Path.Combine(data, part.Key))).ToDictionary(), secrets);
    }

    /// <summary>Two starts, tokens good and bad, a renewal, a quarantine; all that was told meanwhile, by where.</summary>
    private static async Task<(Dictionary<string, byte[]> Told, SecretList Secrets)> LiveAsync(
        TempDirectory folder, string data, IEnumerable<string> settings, IReadOnlyDictionary<string, string?>? environment)
    {
        using var tokens = new KubernetesTokens("ES256");
        var jwks = tokens.WriteJwks(folder.File("jwks.json"));
        string[] all =
        [
            "telemetry.logLevel=Trace", "telemetry.logFormat=json", $"attestation.kubernetes.0.name={SiloClient.Source}", $"attestation.kubernetes.0.issuer={tokens.Issuer}",
            $"attestation.kubernetes.0.jwksFile={jwks}", $"templates.0.source={SiloClient.Source}", "templates.0.pattern=spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}", .. settings,
        ];
        var flags = all.SelectMany(setting => new[] { "--set", setting }).ToList();
        var told = new Dictionary<string, byte[]>();
        var secrets = new SecretList();
        for (var start = 1; start <= 2; start++)
        {
            await using var silo = await SiloProcess.StartAsync(data, flags, environment);
            await silo.ReadyAsync();
            await silo.SaidAsync("Ctrl-C stops.");

            var good = tokens.Create("shop", "cart");
            var expired = tokens.Create(options: new() { Now = DateTimeOffset.UtcNow.AddHours(-3) });
            var join = await silo.JoinTokenAsync($"spiffe://test.mesh/hello-{start}");
            secrets.Add("service-account token", good);
            secrets.Add("service-account token's signature", good[(good.LastIndexOf('.') + 1)..]);
            secrets.Add("expired token", expired);
            secrets.Add("join token", join);
            secrets.Add("join token's bits", Base64Url.DecodeFromChars(join.AsSpan("mgj_".Length)));
            var (_, _, svid) = await silo.FetchAsync(join);
            Assert.NotNull(svid);
            Assert.Equal(HttpStatusCode.Unauthorized, (await silo.FetchAsync(join)).Status);
            Assert.Equal(HttpStatusCode.Unauthorized, (await silo.FetchAsync(expired)).Status);
            Assert.Equal(HttpStatusCode.OK, (await silo.FetchAsync(token: null, svid)).Status);
            using var until = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while ((await silo.FetchAsync(good)).Status != HttpStatusCode.OK)
            {
                // The template arrives soon after the start.
                await Task.Delay(20, until.Token);
            }

            await silo.PostAsync("/v1/denials", new { spiffeId = $"spiffe://test.mesh/hello-{start}", reason = "a test" });
            Assert.Equal(HttpStatusCode.Forbidden, (await silo.FetchAsync(token: null, svid)).Status);
            using var metrics = new HttpClient { BaseAddress = silo.Operations };
            told[$"metrics page {start}"] = await metrics.GetByteArrayAsync("/metrics");
            Assert.Equal(0, await silo.StopAsync());
            Assert.Contains("\"Trace\"", silo.Errors, StringComparison.Ordinal);
            told[$"stderr {start}"] = Encoding.UTF8.GetBytes(silo.Errors);
            told[$"stdout {start}"] = Encoding.UTF8.GetBytes(silo.Output);
        }

        var keyFiles = Directory.EnumerateFiles(Path.Combine(data, "bootstrap"), "*.key").Append(Path.Combine(data, "serving.pem")).ToList();
        foreach (var file in Directory.EnumerateFiles(data, "*", SearchOption.AllDirectories).Except(keyFiles))
        {
            told[Path.GetRelativePath(data, file)] = await File.ReadAllBytesAsync(file);
        }

        Assert.Contains("state.db", told.Keys);
        Assert.Contains(told.Keys, name => name.StartsWith("log/", StringComparison.Ordinal));
        secrets.Add("PEM of a private key", PrivateKey);
        foreach (var file in keyFiles)
        {
            var pem = await File.ReadAllTextAsync(file);
            Assert.Contains(PrivateKey, pem, StringComparison.Ordinal);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            secrets.Add($"the key in {Path.GetFileName(file)}", pem.Split('\n')[1]);
        }

        return (told, secrets);
    }

    private static void AssertNoneTold(Dictionary<string, byte[]> told, SecretList secrets)
    {
        var found = secrets.FindIn(told).ToList();
        Assert.True(found.Count == 0, string.Join('\n', found));

        // The search finds what is there.
        told["planted"] = [1, 2, .. secrets.Forms[^1].Bytes, 3];
        Assert.Single(secrets.FindIn(told).Distinct());
    }

    private static byte[] WrappedRecordKey(string data)
    {
        using var db = new SqliteConnection($"Data Source={Path.Combine(data, "state.db")};Pooling=False;Mode=ReadOnly");
        db.Open();
        using var read = db.CreateCommand();
        read.CommandText = "SELECT wrapped FROM record_key";
        return Convert.FromBase64String((string)read.ExecuteScalar()!);
    }

    /// <summary>Secrets in the forms in which they could be told: as they are, in hex, in base64 of both alphabets.</summary>
    private sealed class SecretList
    {
        public List<(string Name, byte[] Bytes)> Forms { get; } = [];

        public void Add(string name, string text) => Forms.Add((name, Encoding.UTF8.GetBytes(text)));

        public void Add(string name, byte[] bytes)
        {
            Add(name + " in hex", Convert.ToHexStringLower(bytes));
            Add(name + " in HEX", Convert.ToHexString(bytes));
            Add(name + " in base64", Convert.ToBase64String(bytes).TrimEnd('='));
            Add(name + " in base64url", Base64Url.EncodeToString(bytes));
            Forms.Add((name + " in bytes", bytes));
        }

        public IEnumerable<string> FindIn(IReadOnlyDictionary<string, byte[]> told) =>
            from part in told
            from form in Forms
            where part.Value.AsSpan().IndexOf(form.Bytes) >= 0
            select $"{form.Name} stands in {part.Key}";
    }
}
