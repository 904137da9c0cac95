using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway;

/// <summary>Looks at every limit at start; an error names the option and the range.</summary>
internal sealed class LimitsOptionsValidator : IValidateOptions<LimitsOptions>
{
    public ValidateOptionsResult Validate(string? name, LimitsOptions options)
    {
        var errors = new List<string>();
        Check(options.MaxConcurrentCalls, 1, 1_000_000, "maxConcurrentCalls", errors);
        Check(options.RenewalShare, 0, 0.9, "renewalShare", errors);
        Check(options.MaxConcurrentCallsPerAddress, 1, 1_000_000, "maxConcurrentCallsPerAddress", errors);
        CheckRate(options.CallsPerSecondPerAddress, options.CallBurstPerAddress, "callsPerSecondPerAddress", "callBurstPerAddress", errors);
        CheckRate(options.FailuresPerSecondPerAddress, options.FailureBurstPerAddress, "failuresPerSecondPerAddress", "failureBurstPerAddress", errors);
        Check(options.MaxAddresses, 64, 4_194_304, "maxAddresses", errors);
        CheckRate(options.CallsPerSecondPerCaller, options.CallBurstPerCaller, "callsPerSecondPerCaller", "callBurstPerCaller", errors);
        Check(options.MaxCallers, 64, 4_194_304, "maxCallers", errors);
        Check(options.MaxConnections, 1, 1_000_000, "maxConnections", errors);
        Check(options.MaxConnectionsPerAddress, 1, 1_000_000, "maxConnectionsPerAddress", errors);
        CheckRate(options.HandshakesPerSecondPerAddress, options.HandshakeBurstPerAddress, "handshakesPerSecondPerAddress", "handshakeBurstPerAddress", errors);
        Check(options.MaxStreamsPerConnection, 1, 10_000, "maxStreamsPerConnection", errors);
        Check(options.BytesPerSecondPerConnection, 64 * 1024, 1e12, "bytesPerSecondPerConnection", errors);
        Check(options.ByteBurstPerConnection, 64 * 1024, 1e12, "byteBurstPerConnection", errors);
        Check(options.MaxRequestBytes, 16 * 1024, 16 * 1024 * 1024, "maxRequestBytes", errors);
        Check(options.HandshakeTimeout.TotalSeconds, 0.5, 120, "handshakeTimeout (seconds)", errors);
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static void CheckRate(double rate, double burst, string rateName, string burstName, List<string> errors)
    {
        Check(rate, 0.01, 1e9, rateName, errors);
        Check(burst, 1, 1e9, burstName, errors);
    }

    private static void Check(double value, double least, double most, string name, List<string> errors)
    {
        if (!(value >= least && value <= most))
        {
            errors.Add(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"limits.{name} must be {least} to {most}; it is {value}."));
        }
    }
}
