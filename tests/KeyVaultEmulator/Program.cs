using System.Text.Json;
using MeshGrains.KeyVaultEmulator;

// MeshGrains.KeyVaultEmulator [--port N] [--data FILE] [--write-info FILE] [--token-lifetime SECONDS]
var settings = new Dictionary<string, string>();
for (var i = 0; i < args.Length; i += 2)
{
    if (args[i] is not ("--port" or "--data" or "--write-info" or "--token-lifetime") || i + 1 == args.Length)
    {
        await Console.Error.WriteLineAsync("Usage: MeshGrains.KeyVaultEmulator [--port N] [--data FILE] [--write-info FILE] [--token-lifetime SECONDS]");
        return 2;
    }

    settings[args[i]] = args[i + 1];
}

var culture = System.Globalization.CultureInfo.InvariantCulture;
await using var host = await KeyVaultEmulatorHost.StartAsync(new KeyVaultEmulatorOptions
{
    Port = int.Parse(settings.GetValueOrDefault("--port", "0"), culture),
    DataFile = settings.GetValueOrDefault("--data"),
    TokenLifetime = TimeSpan.FromSeconds(int.Parse(settings.GetValueOrDefault("--token-lifetime", "3600"), culture)),
});

if (settings.TryGetValue("--write-info", out var infoFile))
{
    var caFile = infoFile + ".ca.pem";
    await File.WriteAllTextAsync(caFile, host.CaPem);
    var info = new
    {
        processId = Environment.ProcessId,
        port = host.Port,
        vault = host.VaultUri("mesh").GetLeftPart(UriPartial.Authority),
        keyUri = "azurekms:" + host.VaultUri("mesh").GetLeftPart(UriPartial.Authority),
        authorityHost = host.AuthorityHost.AbsoluteUri,
        control = host.ControlUri.AbsoluteUri,
        caFile,
        environment = host.ClientSecretEnvironment,
    };

    // Renamed into place, so that whoever waits for the file never reads half of it.
    await File.WriteAllBytesAsync(infoFile + ".tmp", JsonSerializer.SerializeToUtf8Bytes(info));
    File.Move(infoFile + ".tmp", infoFile, overwrite: true);
}

Console.WriteLine($"Key Vault emulator at {host.VaultUri("mesh")}");
await host.WaitAsync();
return 0;
