namespace MeshGrains.Bench;

/// <summary>How a silo is started.</summary>
internal sealed record SiloSetup
{
    public const string TrustDomain = "bench.example";

    /// <summary>The trust domain; <see cref="TrustDomain"/> unless told.</summary>
    public string Domain { get; init; } = TrustDomain;

    /// <summary>The name of the token issuer in the configuration.</summary>
    public const string Source = "bench";

    /// <summary>The executable <c>meshgrains</c>.</summary>
    public required string Program { get; init; }

    /// <summary>The data directory; made when it is not there.</summary>
    public required string Data { get; init; }

    public required string ConfigFile { get; init; }

    /// <summary>Of the gateway; any free port unless told.</summary>
    public string Listen { get; init; } = "127.0.0.1:0";

    /// <summary>Further flags of <c>meshgrains up</c>.</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];

    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>Writes the configuration that bench and drills use: one token issuer with a key file, one template.</summary>
    /// <param name="folder">Where the file goes.</param>
    /// <param name="jwksFile">The issuer's public keys.</param>
    /// <param name="issuer">The <c>iss</c> of its tokens.</param>
    /// <param name="more">Further YAML.</param>
    public static string WriteConfig(string folder, string jwksFile, string issuer, string more = "")
    {
        var file = Path.Combine(folder, "meshgrains.yaml");
        File.WriteAllText(
            file,
            $$"""
            trustDomain: {{TrustDomain}}
            attestation:
              kubernetes:
                - name: {{Source}}
                  issuer: {{issuer}}
                  jwksFile: {{jwksFile}}
            templates:
              - source: {{Source}}
                pattern: spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}
            telemetry:
              logLevel: Warning
            {{more}}
            """);
        return file;
    }
}
