using System.CommandLine;

namespace MeshGrains.Silo;

/// <summary><c>meshgrains check-config</c>: reads and validates a configuration without opening or starting anything.</summary>
internal static class CheckConfigCommand
{
    public static Command Create()
    {
        var configuration = new ConfigurationArguments();
        var command = new Command("check-config", "Read and validate the configuration as 'up' would, and start nothing.");
        configuration.AddTo(command);
        command.SetAction(arguments =>
        {
            try
            {
                SiloApplication.Validate(configuration.Load(arguments));
                Console.WriteLine("The configuration is valid.");
                return 0;
            }
            catch (ConfigurationException wrong)
            {
                return UpCommand.Tell(wrong.Errors);
            }
        });
        return command;
    }
}
