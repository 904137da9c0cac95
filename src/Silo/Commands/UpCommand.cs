using System.CommandLine;

namespace MeshGrains.Silo;

/// <summary><c>meshgrains up</c>: makes what is missing, finds what is there, serves until it is stopped.</summary>
internal static class UpCommand
{
    /// <summary>Exit code for a configuration that cannot work.</summary>
    public const int BadConfiguration = 2;

    public static Command Create()
    {
        var configuration = new ConfigurationArguments();
        var command = new Command(
            "up",
            "Start the control plane. The first start makes the trust domain, its root and its issuing CA; later starts find them again. "
            + "Ctrl-C or SIGTERM stops it cleanly.");
        configuration.AddTo(command);
        command.SetAction(async (arguments, cancellationToken) =>
        {
            try
            {
                await using var silo = SiloApplication.Build(configuration.Load(arguments));
                await silo.RunAsync(Console.Out, cancellationToken);
                return silo.ExitCode;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // A stop was asked for, and something that was under way was cut off by it: an ordinary end.
                return 0;
            }
            catch (Exception failure) when (In<ConfigurationException>(failure) is { } wrong)
            {
                return Tell(wrong.Errors);
            }
            catch (Exception failure) when (In<ClusterUnavailableException>(failure) is { } missing)
            {
                await Console.Error.WriteLineAsync($"MeshGrains cannot start yet: {missing.Message}");
                return SiloFate.RestartCode;
            }
        });
        return command;
    }

    /// <summary>Finds it under whatever the hosts wrapped around it.</summary>
    private static T? In<T>(Exception? failure)
        where T : Exception
    {
        while (failure is not null and not T)
        {
            failure = failure.InnerException;
        }

        return failure as T;
    }

    /// <summary>Says on stderr what is wrong with the configuration.</summary>
    public static int Tell(IEnumerable<string> errors)
    {
        Console.Error.WriteLine("MeshGrains cannot start with this configuration:");
        foreach (var error in errors)
        {
            Console.Error.WriteLine($"  - {error}");
        }

        return BadConfiguration;
    }
}
