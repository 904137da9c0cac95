using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Storage;

namespace MeshGrains.Storage.Tests;

public sealed class SqliteStorageServicesTests
{
    [Fact]
    public async Task Every_port_is_served_from_one_data_directory()
    {
        using var folder = new TempDirectory();
        var services = new ServiceCollection();
        services.AddLogging();
        var authenticator = new RecordAuthenticator();
        authenticator.Provide(new byte[32]);
        services.AddSingleton<IRecordAuthenticator>(authenticator);
        services.AddSingleton<IStateCodec, StateCodec>();
        services.AddMeshSqliteStorage(SqliteStorageOptions.Under(folder.FullPath));
        await using (var provider = services.BuildServiceProvider(validateScopes: true))
        {
            Assert.NotNull(provider.GetRequiredKeyedService<IGrainStorage>("mesh"));
            Assert.NotNull(provider.GetRequiredService<IReminderTable>());
            await provider.GetRequiredService<IRegistrationStore>().PutEntryAsync(Records.Entry("a"), CancellationToken.None);
            await provider.GetRequiredService<IDenialStore>().WriteAsync(Records.TrustDomain, Records.Denials(1), CancellationToken.None);
            await provider.GetRequiredService<IJoinTokenStore>().AddAsync(Records.Token(1), CancellationToken.None);
            Assert.Null(await provider.GetRequiredService<IRecordKeyStore>().ReadAsync(CancellationToken.None));
            await provider.GetRequiredService<IIssuanceLog>().AppendAsync(Records.Leaf(1), CancellationToken.None);
        }

        Assert.True(File.Exists(folder.File("state.db")));
        Assert.True(File.Exists(folder.File("log/issuance.db")));
    }

    [Fact]
    public void A_log_that_is_registered_already_stays()
    {
        using var folder = new TempDirectory();
        var services = new ServiceCollection();
        services.AddSingleton<IIssuanceLog>(_ => null!);
        services.AddMeshSqliteStorage(SqliteStorageOptions.Under(folder.FullPath));

        Assert.Single(services, service => service.ServiceType == typeof(IIssuanceLog));
    }

    [Fact]
    public void Options_out_of_range_are_refused_at_once()
        => Assert.Throws<ArgumentException>(() => new ServiceCollection().AddMeshSqliteStorage(new SqliteStorageOptions
        {
            StatePath = "state.db",
            Log = new SqliteIssuanceLogOptions { Path = "log.db", BatchLimit = 0 },
        }));
}
