using System.CommandLine;

namespace MeshGrains.Agent.Commands;

/// <summary><c>meshgrains-agent api</c>: the Workload API as a workload sees it, with the identity of whoever runs the command.</summary>
internal static class ApiCommands
{
    public static Command Create()
    {
        // Without another word 'fetch' fetches X.509-SVIDs, as operators are used to.
        var fetch = FetchX509Command.Create("fetch", "Fetch once; without another word X.509-SVIDs.");
        fetch.Subcommands.Add(FetchX509Command.Create("x509", "Fetch the X.509-SVIDs of this process."));
        fetch.Subcommands.Add(FetchJwtCommand.Create());
        var validate = new Command("validate", "Have a token judged.") { ValidateJwtCommand.Create() };
        return new Command(
            "api", "Call the Workload API of the agent on this node. The answer is for the process that asks: this one, with the user and group that it runs as.")
        {
            fetch, WatchCommand.Create(), validate,
        };
    }
}
