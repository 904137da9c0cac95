using MeshGrains.Grains;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Storage;

namespace MeshGrains.Storage;

public static class SqliteStorageServices
{
    /// <summary>The name of the grain storage, as grains write it in <c>[PersistentState(…, "mesh")]</c>.</summary>
    public const string GrainStorageName = "mesh";

    /// <summary>
    /// Adds the embedded store: grain storage <c>mesh</c>, reminders, registrations, denials, join tokens, the record key, and the issuance log
    /// where none is registered yet. Needs <see cref="IStateCodec"/>, <see cref="IRecordAuthenticator"/> and a <see cref="TimeProvider"/>.
    /// Files are opened when the first of these is asked for.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of its range; the text says what to do.</exception>
    public static IServiceCollection AddMeshSqliteStorage(this IServiceCollection services, SqliteStorageOptions options)
    {
        options.Validate();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(_ => new SqliteDatabase(options.StatePath, StateSchema.Current, options.BusyTimeout));
        services.AddSingleton(provider => new RecordSeal(provider.GetRequiredService<IRecordAuthenticator>()));
        services.AddKeyedSingleton<IGrainStorage>(GrainStorageName, (provider, _) => new SqliteGrainStorage(
            provider.GetRequiredService<SqliteDatabase>(), provider.GetRequiredService<IStateCodec>(), provider.GetRequiredService<RecordSeal>()));
        services.AddSingleton<IReminderTable>(provider => new SqliteReminderTable(provider.GetRequiredService<SqliteDatabase>()));
        services.AddSingleton<IRegistrationStore>(provider => new SqliteRegistrationStore(
            provider.GetRequiredService<SqliteDatabase>(), provider.GetRequiredService<RecordSeal>()));
        services.AddSingleton<IDenialStore>(provider => new SqliteDenialStore(
            provider.GetRequiredService<SqliteDatabase>(), provider.GetRequiredService<RecordSeal>()));
        services.AddSingleton<IJoinTokenStore>(provider => new SqliteJoinTokenStore(
            provider.GetRequiredService<SqliteDatabase>(), provider.GetRequiredService<RecordSeal>()));
        services.AddSingleton<IRecordKeyStore>(provider => new SqliteRecordKeyStore(provider.GetRequiredService<SqliteDatabase>()));
        if (options.Log is { } log)
        {
            services.TryAddSingleton<IIssuanceLog>(provider => new SqliteIssuanceLog(
                log, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<SqliteIssuanceLog>>()));
        }

        return services;
    }
}
