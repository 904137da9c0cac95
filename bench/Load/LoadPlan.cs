using System.Text.Json;

namespace MeshGrains.Bench;

/// <summary>What one run of the load generator does; it travels in a file to a process of its own, so that its CPU time can be told apart.</summary>
internal sealed record LoadPlan
{
    public required LoadKind Kind { get; init; }

    /// <summary>Address and port of the server.</summary>
    public required string Address { get; init; }

    /// <summary>Further servers that the connections are spread over (gRPC only).</summary>
    public string[] MoreAddresses { get; init; } = [];

    /// <summary>PEM of the roots that the server's certificate chains to (gRPC only).</summary>
    public string? TrustFile { get; init; }

    public string TrustDomain { get; init; } = "";

    /// <summary>One bearer token a line (gRPC only).</summary>
    public string? TokensFile { get; init; }

    public required int Connections { get; init; }

    /// <summary>Calls under way on each connection.</summary>
    public required int InFlight { get; init; }

    public required double WarmupSeconds { get; init; }

    public required double Seconds { get; init; }

    /// <summary>Distinct certificate requests.</summary>
    public int Requests { get; init; } = 10_000;

    /// <summary>Every how many-th certificate is validated.</summary>
    public int ValidateEvery { get; init; } = 100;

    public required int ServerProcess { get; init; }

    /// <summary>Processes of the further servers, counted with the first one.</summary>
    public int[] MoreServerProcesses { get; init; } = [];

    /// <summary>Processes whose CPU time is told apart: stores.</summary>
    public int[] StoreProcesses { get; init; } = [];

    /// <summary>Where the result goes as JSON.</summary>
    public required string ResultFile { get; init; }

    /// <summary>Where the serial number of every certificate goes, 16 bytes each, the highest first.</summary>
    public required string SerialsFile { get; init; }

    public static LoadPlan Read(string file) => JsonSerializer.Deserialize<LoadPlan>(File.ReadAllText(file))!;

    public void Write(string file) => File.WriteAllText(file, JsonSerializer.Serialize(this));
}
