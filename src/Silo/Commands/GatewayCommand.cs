using System.CommandLine;

namespace MeshGrains.Silo;

/// <summary><c>meshgrains gateway</c>: the APIs in front of silos, in a process without grains, stores and keys of the mesh.</summary>
internal static class GatewayCommand
{
    public static Command Create()
    {
        var configuration = new ConfigurationArguments();
        var silos = new Option<string[]>("--silo") { Description = "Relay address of a silo, host:port (key 'relay.silos'). May be repeated.", AllowMultipleArgumentsPerToken = false };
        var bootstrap = new Option<string?>("--bootstrap") { Description = "Directory with ca.pem, silo.pem and silo.key (key 'bootstrap'). Default DATA/bootstrap" };
        var command = new Command(
            "gateway",
            """
            Serve every API in front of silos and relay each call to one that is ready. Holds no root, no issuing CA and no store: only its own
            serving certificate, which a silo issues to it.

            It needs a bootstrap certificate of role 'gateway', and silos that set relay.listen:

              meshctl bootstrap issue --ca bootstrap-ca --silo edge-1 --role gateway --dns mesh.example.org --out edge-1/bootstrap
              meshgrains gateway --data edge-1 --trust-domain mesh.example.org --listen 0.0.0.0:8443 --silo silos.mesh.svc:8444

            The names that clients dial go into the bootstrap certificate (--dns, --ip): a silo gives the gateway no others. Sections of the configuration that
            count here: trustDomain, data, bootstrap, gateway, relay, limits, telemetry. /readyz on the operations listener tells what is missing.
            """);
        configuration.AddTo(command);
        command.Options.Add(silos);
        command.Options.Add(bootstrap);
        command.SetAction(async (arguments, cancellationToken) =>
        {
            try
            {
                var more = (arguments.GetValue(silos) ?? []).Select((address, index) => ($"relay.silos.{index}", address, "--silo")).ToList();
                if (arguments.GetValue(bootstrap) is { } directory)
                {
                    more.Add(("bootstrap", directory, "--bootstrap"));
                }

                await using var gateway = GatewayApplication.Build(configuration.Load(arguments, more));
                await gateway.RunAsync(Console.Out, cancellationToken);
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
