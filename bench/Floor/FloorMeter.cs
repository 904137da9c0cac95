using System.Globalization;

namespace MeshGrains.Bench;

/// <summary>Measures the floor L again and again between the other measurements, so that both see the same machine.</summary>
internal sealed class FloorMeter(int secondsPerOperation)
{
    private readonly List<SpeedRates> _samples = [];

    public IEnumerable<double> Samples => _samples.Select(sample => sample.Floor);

    /// <summary>L: issuances a second over all cores, the median of all samples.</summary>
    public double Floor => Statistics.Median(Samples);

    public double Spread => Statistics.Spread(Samples);

    public double SignPerSecond => Statistics.Median(_samples.Select(sample => sample.SignPerSecond));

    public double VerifyPerSecond => Statistics.Median(_samples.Select(sample => sample.VerifyPerSecond));

    public async Task SampleAsync(CancellationToken cancellationToken)
    {
        var cores = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture);
        var seconds = secondsPerOperation.ToString(CultureInfo.InvariantCulture);
        var output = await ChildProcess.ReadAsync("openssl", ["speed", "-multi", cores, "-seconds", seconds, "-mr", "ecdsap256"], cancellationToken);
        var rates = SpeedRates.Parse(output);
        _samples.Add(rates);
        Progress.Say($"floor: sign {rates.SignPerSecond:0}/s, verify {rates.VerifyPerSecond:0}/s, L = {rates.Floor:0}/s");
    }
}
