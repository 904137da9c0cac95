using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary><c>meshctl svid</c>.</summary>
internal static class SvidCommands
{
    public static Command Create(CliHost host) => new("svid", "Get, renew and look at X.509-SVIDs: the certificates of workloads.")
    {
        SvidFetchCommand.Create(host),
        SvidRenewCommand.Create(host),
        SvidShowCommand.Create(host),
        SvidVerifyCommand.Create(host),
    };

    public static Option<string> KeyType()
    {
        var option = new Option<string>("--key-type")
        {
            Description = "The kind of the new key.",
            HelpName = string.Join('|', WorkloadKey.Kinds),
            DefaultValueFactory = _ => WorkloadKey.DefaultKind,
        };
        option.AcceptOnlyFromAmong([.. WorkloadKey.Kinds]);
        return option;
    }

    public static Option<TimeSpan?> Ttl() => Durations.Option("--ttl", "The life to ask for; the entry and the configuration bound it. Default: theirs.");
}
