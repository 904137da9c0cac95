using System.CommandLine;

namespace MeshGrains.Silo;

/// <summary><c>meshgrains health</c>: asks a running process whether it is ready, for containers whose image has no other program to ask with.</summary>
internal static class HealthCommand
{
    /// <summary>Exit code for a process that is not ready or does not answer.</summary>
    public const int NotReady = 1;

    private const int MaxAnswerBytes = 64 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public static Command Create()
    {
        var url = new Option<string>("--url")
        {
            Description = "What to ask: /readyz or /livez of gateway.operationsListen.",
            DefaultValueFactory = _ => "http://127.0.0.1:9464/readyz",
        };
        var command = new Command("health", "Ask a running process whether it is ready: exit code 0 when it is, 1 when not. Prints its answer.") { url };
        command.SetAction((arguments, cancellationToken) => AskAsync(arguments.GetRequiredValue(url), cancellationToken));
        return command;
    }

    private static async Task<int> AskAsync(string url, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            await Console.Error.WriteLineAsync($"--url: '{url}' is no URL; write one such as http://127.0.0.1:9464/readyz.");
            return UpCommand.BadConfiguration;
        }

        using var client = new HttpClient { Timeout = Patience, MaxResponseContentBufferSize = MaxAnswerBytes };
        try
        {
            using var answer = await client.GetAsync(address, cancellationToken);
            Console.WriteLine((await answer.Content.ReadAsStringAsync(cancellationToken)).TrimEnd());
            return answer.IsSuccessStatusCode ? 0 : NotReady;
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync($"{address} does not answer: {failure.Message}");
            return NotReady;
        }
    }
}
