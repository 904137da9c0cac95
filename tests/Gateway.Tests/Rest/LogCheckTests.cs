using System.Net;
using System.Text.Json;
using MeshGrains.Gateway.Rest;
using MeshGrains.Gateway.Tests.Harness;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Gateway.Tests.Rest;

public sealed class LogCheckTests
{
    [Fact]
    public async Task A_whole_log_is_said_to_be_whole()
    {
        await using var host = await GatewayHost.StartAsync();
        var answer = await AskAsync(host);
        Assert.True(answer.GetProperty("whole").GetBoolean());
        Assert.Equal(0, answer.GetProperty("findings").GetArrayLength());
        Assert.Empty(host.Logs.Alarms);
    }

    [Fact]
    public async Task What_is_broken_is_answered_and_is_an_alarm()
    {
        await using var host = await GatewayHost.StartAsync(prepare: one => one.Log.Findings = ["Positions 4 to 6 are missing.", "its hash is wrong"]);
        var answer = await AskAsync(host);
        Assert.False(answer.GetProperty("whole").GetBoolean());
        Assert.Equal(["Positions 4 to 6 are missing.", "its hash is wrong"], answer.GetProperty("findings").EnumerateArray().Select(one => one.GetString()));
        var alarm = Assert.Single(host.Logs.Alarms);
        Assert.Contains("Positions 4 to 6 are missing.", alarm, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_asks_during_a_walk_shares_it_and_who_leaves_does_not_end_it()
    {
        await using var host = await GatewayHost.StartAsync(prepare: one => one.Log.Walk = new());
        var check = host.App.Services.GetRequiredService<LogCheck>();
        using var impatience = new CancellationTokenSource();
        var (first, second) = (check.RunAsync(impatience.Token), check.RunAsync(CancellationToken.None));
        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        host.Log.Walk!.SetResult([]);
        Assert.True((await second).Whole);
        Assert.Equal(1, host.Log.Walks);

        Assert.True((await check.RunAsync(CancellationToken.None)).Whole);
        Assert.Equal(2, host.Log.Walks);
    }

    private static async Task<JsonElement> AskAsync(GatewayHost host)
    {
        using var reply = await host.AdminClient().GetAsync("/v1/issuances/verification");
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        return JsonDocument.Parse(await reply.Content.ReadAsStringAsync()).RootElement;
    }
}
