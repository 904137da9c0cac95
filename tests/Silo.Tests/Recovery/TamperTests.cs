using System.Net;
using System.Text;
using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Xunit.Abstractions;

namespace MeshGrains.Silo.Tests;

/// <summary>Somebody who can write state.db, but has no key, edits it while the silo is stopped: nothing is issued on what was edited.</summary>
public sealed class TamperTests(TamperTests.Victim victim, ITestOutputHelper output) : IClassFixture<TamperTests.Victim>
{
    private const string Tag = "authentication tag";

    private const string EntryOf = "kind = 1 AND identity = ";

    [Fact]
    public async Task No_edit_of_what_the_whole_silo_stands_on_is_accepted()
    {
        var other = victim.Other;
        await AcceptNoneAsync(
            UnreadyAsync,
            ("a bit of the trust domain's state is flipped", Tag, db => Flip(db, "grain_state", "content", "grain = 'trust-domain/test.mesh'")),
            ("a bit of its tag is flipped", Tag, db => Flip(db, "grain_state", "tag", "grain = 'trust-domain/test.mesh'")),
            ("its version is raised", Tag, db => Run(db, "UPDATE grain_state SET version = version + 1 WHERE grain = 'trust-domain/test.mesh'")),
            ("its root certificate is the other deployment's", Tag, db => Take(db, other, "grain_state", "grain = 'trust-domain/test.mesh'", "content")),
            ("its whole record is the other deployment's", Tag, db => Take(db, other, "grain_state", "grain = 'trust-domain/test.mesh'", "version", "content", "tag")),
            ("it is deleted", "rolled back or lost", db => Run(db, "DELETE FROM grain_state WHERE grain = 'trust-domain/test.mesh'")),
            ("the cluster CA's state is the trust domain's", Tag, db => Run(db, """
                UPDATE grain_state SET (version, content, tag) =
                    (SELECT version, content, tag FROM grain_state WHERE grain = 'trust-domain/test.mesh') WHERE grain LIKE 'cluster-ca/%'
                """)),
            ("a denial is taken out of the set", Tag, db => Edit(db, "denial_set", "content", "1 = 1", text => text[..text.IndexOf('[')] + "[]}")),
            ("the set's number is raised", Tag, db => Run(db, "UPDATE denial_set SET number = number + 1")),
            ("the set is another deployment's", Tag, db => Take(db, other, "denial_set", "1 = 1", "number", "content", "tag")),
            ("the set is deleted", "denial set was there", db => Run(db, "DELETE FROM denial_set WHERE number > 0")),
            ("the record key is another deployment's", "key", db => Take(db, other, "record_key", "1 = 1", "wrapping_key_name", "key_reference", "wrapped")),
            ("the record key and its wrapping key are another deployment's", Tag, db =>
            {
                Take(db, other, "record_key", "1 = 1", "wrapping_key_name", "key_reference", "wrapped");
                CopyKeys(other, Path.GetDirectoryName(db.DataSource)!);
            }));
    }

    [Fact]
    public async Task No_edited_registration_gives_an_identity()
    {
        await AcceptNoneAsync(
            RefusedAsync,
            ("two entries change places", "record_tampered", db =>
            {
                Run(db, $"UPDATE registration SET twin = 'x' WHERE {EntryOf}'{Victim.Identity}'");
                Run(db, $"""
                    UPDATE registration SET (content, tag) = (SELECT content, tag FROM registration WHERE {EntryOf}'{Victim.OtherIdentity}')
                    WHERE {EntryOf}'{Victim.Identity}'
                    """);
            }),
            ("an entry gives another identity", "record_tampered", db =>
            {
                Edit(db, "registration", "content", $"{EntryOf}'{Victim.Identity}'", text => text.Replace("test.mesh/hello", "test.mesh/admin", StringComparison.Ordinal));
                Run(db, $"UPDATE registration SET identity = 'spiffe://test.mesh/admin' WHERE {EntryOf}'{Victim.Identity}'");
            }),
            ("an entry's column gives another identity", "record_tampered", db =>
                Run(db, $"UPDATE registration SET identity = 'spiffe://test.mesh/admin' WHERE {EntryOf}'{Victim.Identity}'")),
            ("an entry's revision is raised", "record_tampered", db => Run(db, $"UPDATE registration SET revision = revision + 1 WHERE {EntryOf}'{Victim.Identity}'")),
            ("an entry's tag is empty", "record_tampered", db => Run(db, $"UPDATE registration SET tag = x'' WHERE {EntryOf}'{Victim.Identity}'")),
            ("a join token admits to another entry", "record_tampered", db => Edit(
                db, "join_token", "content", "1 = 1", text => text.Replace(victim.EntryId, victim.OtherEntryId, StringComparison.Ordinal))),
            ("a join token ends later", "record_tampered", db => Edit(
                db, "join_token", "content", "1 = 1", text => text.Replace("\"expiresAt\":\"20", "\"expiresAt\":\"21", StringComparison.Ordinal))));
    }

    [Fact]
    public async Task No_edited_template_gives_an_identity()
    {
        await AcceptNoneAsync(
            async (silo, expected) =>
            {
                await silo.ReadyAsync(withTemplates: false);
                var (status, body, _) = await silo.FetchAsync(victim.Tokens.Create("shop", "cart"));
                Assert.Contains(expected, body.ToJsonString(), StringComparison.Ordinal);
                return status == HttpStatusCode.OK;
            },
            ("a template gives another identity", "record_tampered", db => Edit(
                db, "registration", "content", "kind = 2", text => text.Replace("/ns/{k8s.ns}", "/operators/{k8s.ns}", StringComparison.Ordinal))),
            ("a template serves another source", "record_tampered", db => Edit(
                db, "registration", "content", "kind = 2", text => text.Replace("\"prod\"", "\"*\"", StringComparison.Ordinal))));
    }

    [Fact]
    public async Task A_row_that_is_put_back_under_a_running_silo_is_refused()
    {
        using var folder = new TempDirectory();
        await using var silo = await RunningSilo.StartAsync(folder.File("data"));
        var id = (string)(await silo.PostAsync("/v1/entries", new { spiffeId = Victim.Identity }))["id"]!;
        var token = (string)(await silo.PostAsync("/v1/join-tokens", new { entryId = id }))["token"]!;
        using var db = Open(folder.File("data"));
        using (var keep = db.CreateCommand())
        {
            keep.CommandText = "CREATE TEMP TABLE kept AS SELECT * FROM registration";
            keep.ExecuteNonQuery();
        }

        using var deletion = await silo.Admin.DeleteAsync($"/v1/entries/{id}?reason=test");
        Assert.True(deletion.IsSuccessStatusCode);

        Run(db, "REPLACE INTO registration SELECT * FROM kept");

        var (status, body, _) = await silo.FetchAsync(token);
        Assert.NotEqual(HttpStatusCode.OK, status);
        Assert.Contains("record_tampered", body.ToJsonString(), StringComparison.Ordinal);
    }

    private async Task AcceptNoneAsync(
        Func<RunningSilo, string, Task<bool>> accepts, params (string Name, string Expected, Action<SqliteConnection> Edit)[] attacks)
    {
        var accepted = new List<string>();
        foreach (var (name, expected, edit) in attacks)
        {
            using var folder = new TempDirectory();
            var data = folder.File("data");
            Victim.Copy(victim.Data, data);
            using (var db = Open(data))
            {
                edit(db);
            }

            await using var silo = await RunningSilo.StartUnreadyAsync(data, victim.Tokens, "telemetry.logLevel=Critical");
            output.WriteLine(name);
            if (await accepts(silo, expected) || await WasIssuedAsync(silo))
            {
                accepted.Add(name);
            }
        }

        output.WriteLine($"attacks {attacks.Length}, accepted {accepted.Count}");
        Assert.Empty(accepted);
    }

    private static async Task<bool> UnreadyAsync(RunningSilo silo, string expected)
    {
        await silo.NotReadyAsync(expected);
        return silo.Services.GetRequiredService<IIssuanceService>().NotReadyReason is null;
    }

    private async Task<bool> RefusedAsync(RunningSilo silo, string expected)
    {
        await silo.ReadyAsync();
        var (status, body, _) = await silo.FetchAsync(victim.Token);
        Assert.Contains(expected, body.ToJsonString(), StringComparison.Ordinal);
        return status == HttpStatusCode.OK;
    }

    /// <summary>Whether the log tells of a certificate for any identity but the gateway's own.</summary>
    private static async Task<bool> WasIssuedAsync(RunningSilo silo)
    {
        var records = await silo.Services.GetRequiredService<IIssuanceLog>().ListAsync(RunningSilo.TrustDomain, null, 1000, CancellationToken.None);
        Assert.NotEmpty(records);
        return records.Any(found => found.Record.Kind == IssuanceRecordKind.X509Svid && found.Record.SpiffeId != "spiffe://test.mesh/meshgrains/gateway");
    }

    private static SqliteConnection Open(string data)
    {
        var connection = new SqliteConnection($"Data Source={Path.Combine(data, "state.db")};Pooling=False");
        connection.Open();
        return connection;
    }

    private static void Run(SqliteConnection db, string sql)
    {
        using var command = db.CreateCommand();
        command.CommandText = sql;
        Assert.NotEqual(0, command.ExecuteNonQuery());
    }

    private static void Flip(SqliteConnection db, string table, string column, string where) =>
        Rewrite(db, table, column, where, bytes =>
        {
            bytes[bytes.Length / 2] ^= 1;
            return bytes;
        });

    private static void Edit(SqliteConnection db, string table, string column, string where, Func<string, string> edit) =>
        Rewrite(db, table, column, where, bytes =>
        {
            var before = Encoding.UTF8.GetString(bytes);
            var after = edit(before);
            Assert.NotEqual(before, after);
            return Encoding.UTF8.GetBytes(after);
        });

    private static void Rewrite(SqliteConnection db, string table, string column, string where, Func<byte[], byte[]> edit)
    {
        using var read = db.CreateCommand();
        read.CommandText = $"SELECT {column} FROM {table} WHERE {where}";
        var bytes = (byte[])read.ExecuteScalar()!;
        using var write = db.CreateCommand();
        write.CommandText = $"UPDATE {table} SET {column} = $new WHERE {where}";
        write.Parameters.AddWithValue("$new", edit(bytes));
        Assert.Equal(1, write.ExecuteNonQuery());
    }

    /// <summary>Copies columns of one row out of another deployment's database.</summary>
    private static void Take(SqliteConnection db, string otherData, string table, string where, params string[] columns)
    {
        Run(db, $"ATTACH '{Path.Combine(otherData, "state.db")}' AS other; "
            + $"UPDATE {table} SET ({string.Join(", ", columns)}) = (SELECT {string.Join(", ", columns)} FROM other.{table} WHERE {where}) WHERE {where}");
    }

    private static void CopyKeys(string from, string to)
    {
        File.Copy(Path.Combine(from, "seal.key"), Path.Combine(to, "seal.key"), overwrite: true);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(from, "keys"), "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }
    }

    /// <summary>A stopped deployment with two entries, an unused join token, a template and a denial, and another deployment of the same name.</summary>
    public sealed class Victim : IAsyncLifetime, IDisposable
    {
        public const string Identity = "spiffe://test.mesh/hello";
        public const string OtherIdentity = "spiffe://test.mesh/other";

        private readonly TempDirectory _folder = new();

        public KubernetesTokens Tokens { get; } = new("ES256");

        public string Data => _folder.File("data");

        public string Other => _folder.File("other");

        public string EntryId { get; private set; } = "";

        public string OtherEntryId { get; private set; } = "";

        public string Token { get; private set; } = "";

        public async Task InitializeAsync()
        {
            await using (var silo = await RunningSilo.StartAsync(Data, Tokens))
            {
                EntryId = (string)(await silo.PostAsync("/v1/entries", new { spiffeId = Identity }))["id"]!;
                OtherEntryId = (string)(await silo.PostAsync("/v1/entries", new { spiffeId = OtherIdentity }))["id"]!;
                Token = (string)(await silo.PostAsync("/v1/join-tokens", new { entryId = EntryId }))["token"]!;
                await silo.PostAsync("/v1/denials", new { spiffeId = OtherIdentity, reason = "a test" });
            }

            await using (var silo = await RunningSilo.StartAsync(Other))
            {
                await silo.PostAsync("/v1/denials", new { spiffeId = "spiffe://test.mesh/nobody", reason = "a test" });
            }
        }

        public Task DisposeAsync() => Task.CompletedTask;

        public void Dispose()
        {
            Tokens.Dispose();
            _folder.Dispose();
        }

        public static void Copy(string from, string to)
        {
            foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
            {
                var target = Path.Combine(to, Path.GetRelativePath(from, file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }
        }
    }
}
