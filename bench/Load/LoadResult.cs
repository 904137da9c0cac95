using System.Text.Json;

namespace MeshGrains.Bench;

/// <summary>What one run of the load generator saw. Rates, latencies and CPU are of the measured window alone.</summary>
internal sealed record LoadResult
{
    /// <summary>Length of the measured window.</summary>
    public required double Seconds { get; init; }

    /// <summary>Certificates received within the window.</summary>
    public required long Issued { get; init; }

    /// <summary>Certificates received in all, warm-up included.</summary>
    public required long IssuedInAll { get; init; }

    /// <summary>Calls that brought no certificate, in all.</summary>
    public required long Failed { get; init; }

    /// <summary>How the first failure looked.</summary>
    public string? FirstFailure { get; init; }

    public required double MedianMilliseconds { get; init; }

    public required double P99Milliseconds { get; init; }

    /// <summary>CPU time of the load generator within the window.</summary>
    public required double LoadCpuSeconds { get; init; }

    /// <summary>CPU time of the server within the window.</summary>
    public required double ServerCpuSeconds { get; init; }

    /// <summary>CPU time of each store process within the window.</summary>
    public double[] StoreCpuSeconds { get; init; } = [];

    /// <summary>CPU time of everything on the machine within the window, the two of them included.</summary>
    public required double MachineCpuSeconds { get; init; }

    public required int Validated { get; init; }

    /// <summary>Validated certificates that were not good.</summary>
    public required int Invalid { get; init; }

    public string? FirstInvalid { get; init; }

    public double PerSecond => Issued / Seconds;

    /// <summary>The load generator's part of all the CPU time that the machine had in the window.</summary>
    public double LoadCpuShare => LoadCpuSeconds / (Seconds * Environment.ProcessorCount);

    /// <summary>What neither of the two used: where it is high, the machine was busy with something else and the rates are too low.</summary>
    public double OthersCpuShare => Math.Max(0, MachineCpuSeconds - LoadCpuSeconds - ServerCpuSeconds - StoreCpuSeconds.Sum()) / (Seconds * Environment.ProcessorCount);

    public double ServerCpuShare => ServerCpuSeconds / (Seconds * Environment.ProcessorCount);

    public static LoadResult Read(string file) => JsonSerializer.Deserialize<LoadResult>(File.ReadAllText(file))!;

    public void Write(string file) => File.WriteAllText(file, JsonSerializer.Serialize(this));
}
