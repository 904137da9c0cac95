namespace MeshGrains.Bench;

/// <summary>A running <c>meshgrains-agent run</c> over a configuration file.</summary>
internal static class AgentProcess
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Starts it and waits until its socket is there.</summary>
    public static async Task<ChildProcess> StartAsync(string program, string configFile, string socket, CancellationToken cancellationToken)
    {
        var process = ChildProcess.Start(program, ["run", "--config", configFile]);
        try
        {
            await Waiting.ForAsync("Waiting for the agent to listen", process, _ => Task.FromResult(File.Exists(socket) ? socket : null), Patience, cancellationToken);
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }
}
