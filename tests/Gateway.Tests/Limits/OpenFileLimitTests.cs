using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Tests.Limits;

public sealed class OpenFileLimitTests
{
    [Theory]
    [InlineData("Max open files            1024                 4096                 files     ", 4096L)]
    [InlineData("Max open files            1024                 unlimited            files     ", null)]
    [InlineData("Max processes             63304                63304                processes ", null)]
    public void The_hard_limit_is_read(string line, long? hard) =>
        Assert.Equal(hard, OpenFileLimit.Hard($"Limit                     Soft Limit           Hard Limit           Units     \n{line}\n"));

    [Theory]
    [InlineData(1, false)]
    [InlineData(100_000_000, true)]
    public async Task More_connections_than_files_are_told_with_what_to_do(int connections, bool told)
    {
        using var loggers = LoggerFactory.Create(_ => { });
        var logs = new Harness.RecordedLogs();
        loggers.AddProvider(logs);
        await new OpenFileLimit(Options.Create(new LimitsOptions { MaxConnections = connections }), loggers.CreateLogger<OpenFileLimit>()).StartAsync(default);

        Assert.Equal(told, logs.Lines.Any(line => line.Contains("LimitNOFILE", StringComparison.Ordinal)));
    }
}
