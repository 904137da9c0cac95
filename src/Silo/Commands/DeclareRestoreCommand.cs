using System.CommandLine;
using MeshGrains.Grains;
using MeshGrains.Keys;
using MeshGrains.Storage;

namespace MeshGrains.Silo;

/// <summary>
/// <c>meshgrains declare-restore</c>: tells stopped silos' stores that their state was restored from a backup, so that the next start takes it.
/// </summary>
internal static class DeclareRestoreCommand
{
    private static readonly TimeSpan KeyTimeout = TimeSpan.FromSeconds(30);

    public static Command Create()
    {
        var configuration = new ConfigurationArguments();
        var reason = new Option<string>("--reason") { Description = "Why the state was restored; recorded.", Required = true };
        var actor = new Option<string?>("--actor") { Description = "Who declares it; recorded. Default: the user of this process." };
        var command = new Command(
            "declare-restore",
            "Declare that the state store was restored from a backup. Stop every silo first. The numbers of the trust bundle and of the denials move above "
            + "any ever shown, and nothing is retired for as long as anything may live that the backup does not know of.");
        configuration.AddTo(command);
        command.Options.Add(reason);
        command.Options.Add(actor);
        command.SetAction(async (arguments, cancellationToken) =>
        {
            try
            {
                var declared = await DeclareAsync(
                    configuration.Load(arguments), arguments.GetValue(reason)!, arguments.GetValue(actor) ?? Environment.UserName, TimeProvider.System, cancellationToken);
                Console.WriteLine(
                    $"Restore declared: the trust bundle goes on at {declared.BundleNumber}, the denials at {declared.DenialNumber}; nothing is retired before "
                    + $"{declared.RetireGatesShutUntil:u}. Start the silos; then repeat the quarantines and deletions made since the backup.");
                return 0;
            }
            catch (ConfigurationException wrong)
            {
                return UpCommand.Tell(wrong.Errors);
            }
            catch (GrainOperationException failure)
            {
                await Console.Error.WriteLineAsync($"The restore is not declared: {failure.Message}");
                return 1;
            }
        });
        return command;
    }

    /// <exception cref="ConfigurationException">The configuration, the data directory, the key manager or a store cannot be used.</exception>
    /// <exception cref="GrainOperationException">A store failed, or holds no trust domain.</exception>
    internal static async Task<DeclaredRestore> DeclareAsync(
        IConfiguration configuration, string reason, string actor, TimeProvider time, CancellationToken cancellationToken)
    {
        var mesh = SiloApplication.Validate(configuration);
        using var data = DataDirectory.Open(mesh.Data, mesh.TrustDomain);
        var services = new ServiceCollection();
        services.AddSingleton(time);
        services.AddLogging(logging => SiloServices.AddLogging(logging, mesh.Telemetry));
        SiloServices.BindOptions(services, configuration, mesh, adminSocket: null);
        SiloServices.AddKeys(services, mesh, data);
        services.AddMeshGrains();
        GrainHost.AddStorage(services, mesh, data);
        var provider = services.BuildServiceProvider();
        await using (provider.ConfigureAwait(false))
        {
            return await DeclareAsync(provider, reason, actor, time, cancellationToken);
        }
    }

    private static async Task<DeclaredRestore> DeclareAsync(
        IServiceProvider services, string reason, string actor, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            await OfflineStores.StartAsync(services, cancellationToken);
            var keys = services.GetRequiredService<RecordKeyRing>();
            await keys.StartAsync(cancellationToken);
            try
            {
                await keys.Ready.WaitAsync(KeyTimeout, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                throw new ConfigurationException([$"The record key could not be unwrapped: {keys.WaitingFor} Check keys.uri."]);
            }
            finally
            {
                await keys.StopAsync(cancellationToken);
            }

            return await services.GetRequiredService<RestoreDeclaration>().DeclareAsync(reason, actor, cancellationToken);
        }
        catch (KeyManagerException failure)
        {
            throw new ConfigurationException([$"keys.uri: {failure.Message}"]);
        }
        catch (SqliteSchemaException failure)
        {
            throw new ConfigurationException([failure.Message]);
        }
    }
}
