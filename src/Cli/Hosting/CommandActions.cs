using System.CommandLine;
using System.Security.Cryptography;

namespace MeshGrains.Cli;

/// <summary>Gives a command its action, and turns every foreseen failure into one line and an exit code.</summary>
internal static class CommandActions
{
    /// <param name="command">The command.</param>
    /// <param name="host">The world that it runs in.</param>
    /// <param name="run">What it does; it throws <see cref="CliException"/> to end with a failure.</param>
    public static void Does(this Command command, CliHost host, Func<Invocation, CancellationToken, Task> run)
        => command.Does(host, async (call, cancellationToken) =>
        {
            await run(call, cancellationToken);
            return ExitCode.Done;
        });

    /// <inheritdoc cref="Does(Command, CliHost, Func{Invocation, CancellationToken, Task})"/>
    public static void Does(this Command command, CliHost host, Func<Invocation, CancellationToken, Task<int>> run)
        => command.SetAction(async (arguments, cancellationToken) =>
        {
            var printer = new Printer(host.Output, host.Error, arguments.GetValue(OutputOption.Instance));
            try
            {
                return await run(new Invocation(arguments, host, printer), cancellationToken);
            }
            catch (CliException failure)
            {
                printer.Fail(failure);
                return failure.ExitCode;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
            {
                printer.Fail(CliException.Failed(failure.Message, failure));
                return ExitCode.Failed;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                printer.Fail(CliException.Failed("Interrupted."));
                return ExitCode.Failed;
            }
        });
}
