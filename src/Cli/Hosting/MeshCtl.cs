using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace MeshGrains.Cli;

/// <summary>The command line of <c>meshctl</c>.</summary>
internal static class MeshCtl
{
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CliHost host, CancellationToken cancellationToken)
    {
        var parsed = Create(host).Parse(arguments);
        if (parsed.Action is ParseErrorAction wrong)
        {
            // The errors and where help is; the whole help would bury them.
            (wrong.ShowHelp, wrong.ShowTypoCorrections) = (false, true);
            await parsed.InvokeAsync(new InvocationConfiguration { Output = host.Error, Error = host.Error }, cancellationToken);
            await host.Error.WriteLineAsync($"'{PathOf(parsed.CommandResult.Command, host)} --help' tells more.");
            return ExitCode.Usage;
        }

        var configuration = new InvocationConfiguration { Output = host.Output, Error = host.Error, EnableDefaultExceptionHandler = false };
        return await parsed.InvokeAsync(configuration, cancellationToken);
    }

    public static RootCommand Create(CliHost host)
    {
        var root = new RootCommand(
            "meshctl: the operator's and the workload's way into a MeshGrains control plane. Without other word it talks to the control plane "
            + "whose data directory is .mesh, over its local socket.")
        {
            SvidCommands.Create(host),
            EntryCommands.Create(host),
            TemplateCommands.Create(host),
            TokenCommands.Create(host),
            AgentCommands.Create(host),
            AuthorityCommands.Create(host),
            RotateCommands.Create(host),
            TrustCommands.Create(host),
            UpstreamCommands.Create(host),
            ClusterCommands.Create(host),
            IssuanceCommands.Create(host),
            DenialCommands.Create(host),
            IdentityCommands.Create(host),
            BundleCommands.Create(host),
            FederationCommands.Create(host),
            StatusCommand.Create(host),
            BootstrapCommands.Create(host),
            DemoCommand.Create(host),
        };
        root.Options.Add(OutputOption.Instance);
        foreach (var help in root.Options.OfType<HelpOption>())
        {
            help.Action = new TeachingHelp((HelpAction)help.Action!, host.CommandName);
        }

        return root;
    }

    private static string PathOf(Command command, CliHost host)
    {
        var names = new Stack<string>();
        for (var at = command; at is not null && at is not RootCommand; at = at.Parents.OfType<Command>().FirstOrDefault())
        {
            names.Push(at.Name);
        }

        return string.Join(' ', names.Prepend(host.CommandName));
    }
}
