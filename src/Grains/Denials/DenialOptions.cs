using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>Section <c>denials</c>.</summary>
public sealed class DenialOptions
{
    /// <summary>
    /// A silo that has not confirmed the newest denial set for this long answers UNAVAILABLE. Default 30 s; a third of it is the interval of
    /// confirming. Shorter makes denials effective sooner after a partition; longer tolerates longer outages of the store.
    /// </summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Members a trust domain's set may have. Every silo holds the whole set. Default 100,000.</summary>
    public int Capacity { get; set; } = 100_000;
}

internal sealed class DenialOptionsValidator : IValidateOptions<DenialOptions>
{
    public ValidateOptionsResult Validate(string? name, DenialOptions options)
    {
        if (options.Lease < TimeSpan.FromSeconds(3) || options.Lease > TimeSpan.FromMinutes(10))
        {
            return ValidateOptionsResult.Fail($"denials.lease is {options.Lease}; give a time from 3s to 10m.");
        }

        return options.Capacity is < 1 or > 1_000_000
            ? ValidateOptionsResult.Fail($"denials.capacity is {options.Capacity}; give a number from 1 to 1000000.")
            : ValidateOptionsResult.Success;
    }
}
