using MeshGrains.LocalCluster;
using MeshGrains.Testing;

namespace MeshGrains.Bench.Tests.Cluster;

public sealed class RedisRestartTests : IDisposable
{
    private const string User = "mesh";
    private const string Password = "a-password-of-tests";

    private readonly TempDirectory _folder = new();
    private readonly int _port = LoopbackPort.Free();

    public void Dispose() => _folder.Dispose();

    /// <summary>Orleans writes each row of its membership table in a transaction with the table's version.</summary>
    [SkippableFact]
    public async Task A_Redis_that_is_started_again_has_what_transactions_wrote()
    {
        RequiredServer.Redis();
        await using (var first = await StartAsync())
        {
            await using var client = await ConnectAsync(first);
            foreach (var command in new string[][] { ["HSETNX", "table", "Version", "0"], ["MULTI"], ["HSET", "table", "Version", "1"], ["HSET", "table", "row", "a"], ["EXEC"] })
            {
                await client.AskAsync(CancellationToken.None, command);
            }

            await first.Process.StopAsync(TimeSpan.FromSeconds(20));
        }

        await using var second = await StartAsync();
        await using var again = await ConnectAsync(second);
        Assert.Equal(new Dictionary<string, string> { ["Version"] = "1", ["row"] = "a" }, await again.HashAsync("table", CancellationToken.None));
    }

    [SkippableFact]
    public async Task Nobody_is_the_default_user()
    {
        RequiredServer.Redis();
        await using var redis = await StartAsync();
        await using var nobody = await RespClient.ConnectAsync(new RedisAddress(redis.Address, "", ""), CancellationToken.None);
        Assert.StartsWith("Redis: NOAUTH", (await Assert.ThrowsAsync<InvalidOperationException>(() => nobody.AskAsync(CancellationToken.None, "GET", "x"))).Message, StringComparison.Ordinal);
        Assert.StartsWith(
            "Redis: WRONGPASS", (await Assert.ThrowsAsync<InvalidOperationException>(() => nobody.AskAsync(CancellationToken.None, "AUTH", "default", ""))).Message, StringComparison.Ordinal);
    }

    private Task<RedisServer> StartAsync() => RedisServer.StartAsync(_folder.File("redis"), _port, User, Password, CancellationToken.None);

    private static Task<RespClient> ConnectAsync(RedisServer redis) => RespClient.ConnectAsync(new RedisAddress(redis.Address, redis.User, redis.PasswordFile), CancellationToken.None);
}
