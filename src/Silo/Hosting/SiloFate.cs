namespace MeshGrains.Silo;

/// <summary>How this process is to end: by itself with 0, or with the code that asks its supervisor for a new start.</summary>
internal sealed partial class SiloFate(IHostApplicationLifetime lifetime, ILogger<SiloFate> logger)
{
    /// <summary>EX_TEMPFAIL: nothing is wrong with the configuration; start me again.</summary>
    public const int RestartCode = 75;

    private int _exitCode;

    public int ExitCode => Volatile.Read(ref _exitCode);

    /// <summary>True from the moment that this silo knows it cannot stay a member as it is.</summary>
    public bool IsRestarting => ExitCode == RestartCode;

    /// <summary>Stops the process in good order, so that its supervisor starts it again. The first reason counts.</summary>
    public void Restart(string reason) => End(RestartCode, reason);

    /// <summary>Stops the process in good order with a code that says that another start would end alike.</summary>
    public void GiveUp(string reason) => End(UpCommand.BadConfiguration, reason);

    private void End(int code, string reason)
    {
        if (Interlocked.CompareExchange(ref _exitCode, code, 0) != 0)
        {
            return;
        }

        LogEnding(logger, code, reason);
        lifetime.StopApplication();
    }

    [LoggerMessage(EventId = 600, Level = LogLevel.Critical, Message = "This silo stops with exit code {Code}: {Reason}")]
    private static partial void LogEnding(ILogger logger, int code, string reason);
}
