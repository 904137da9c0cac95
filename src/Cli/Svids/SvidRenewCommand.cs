using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary><c>meshctl svid renew</c>: a new key and certificate for the identity of an SVID, proven by that SVID over mutual TLS.</summary>
internal static class SvidRenewCommand
{
    public static Command Create(CliHost host)
    {
        var directory = new Argument<string>("dir") { Description = "Directory that 'svid fetch' filled." };
        var keyType = new Option<string?>("--key-type") { Description = "The kind of the new key. Default: as it was.", HelpName = string.Join('|', WorkloadKey.Kinds) };
        keyType.AcceptOnlyFromAmong([.. WorkloadKey.Kinds]);
        var ttl = SvidCommands.Ttl();
        var command = new TaughtCommand(
            "renew", "Renew an SVID: it proves itself over mutual TLS, and gets a new key and certificate.",
            "svid renew hello",
            "svid renew /run/hello --server https://mesh.example.org:8443 --bundle /run/hello/bundle.pem")
        {
            directory, keyType, ttl,
        };
        var connection = new ConnectionOptions(command, "SVID to prove it with. Default: svid.pem in DIR.");
        command.Does(host, async (call, cancellationToken) =>
        {
            var held = new SvidDirectory(call.Get(directory)!);
            using var svid = connection.Svid(call)?.Invoke() ?? held.Load();
            held.CheckIsFor(svid.Id.ToString());
            await SvidFetchCommand.GetAsync(
                call, connection.Resolve(call), svid, call.Get(keyType) ?? WorkloadKey.KindOf(svid.Leaf), null, svid.Id.ToString(), call.Get(ttl), held,
                cancellationToken);
        });
        return command;
    }
}
