using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway;

/// <summary>Says at the start when this process may not open as many files as the connections that it is to take.</summary>
internal sealed partial class OpenFileLimit(IOptions<LimitsOptions> limits, ILogger<OpenFileLimit> logger) : IHostedService
{
    /// <summary>Beside the connections: stores, links to other silos, libraries.</summary>
    private const int Others = 512;

    private const string Line = "Max open files";

    public Task StartAsync(CancellationToken cancellationToken)
    {
        // The runtime has raised the soft limit to the hard one.
        if (File.Exists("/proc/self/limits") && Hard(File.ReadAllText("/proc/self/limits")) is { } hard && hard < limits.Value.MaxConnections + Others)
        {
            LogTooLow(logger, hard, limits.Value.MaxConnections, limits.Value.MaxConnections + Others);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The hard limit that /proc/PID/limits tells; null when there is none.</summary>
    internal static long? Hard(string limits)
    {
        var line = limits.Split('\n').FirstOrDefault(text => text.StartsWith(Line, StringComparison.Ordinal));
        return line?[Line.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var hard, ..] && long.TryParse(hard, CultureInfo.InvariantCulture, out var most)
            ? most
            : null;
    }

    [LoggerMessage(EventId = 3610, Level = LogLevel.Warning,
        Message = "This process may open {Hard} files, and limits.maxConnections is {Connections}: beyond the limit, connections fail without a word to the client. "
            + "Raise it to {Wanted} (LimitNOFILE in systemd, ulimit -Hn in a shell), or lower limits.maxConnections.")]
    private static partial void LogTooLow(ILogger logger, long hard, int connections, int wanted);
}
