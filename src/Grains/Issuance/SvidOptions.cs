using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>Section <c>svid</c>: the lives of X.509-SVIDs.</summary>
public sealed class SvidOptions
{
    /// <summary>Life of an SVID when neither the caller nor its registration says otherwise. Default 1 h.</summary>
    public TimeSpan DefaultTtl { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Longest life that a caller or registration may ask for. Default 24 h.</summary>
    public TimeSpan MaxTtl { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How far notBefore lies in the past, for clocks that run behind. Default 2 min.</summary>
    public TimeSpan Backdate { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Clock skew tolerated when others' certificates are checked. Default 1 min.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Renewal by SVID is refused this long after the last real attestation. Default 24 h.</summary>
    public TimeSpan RenewalLimit { get; set; } = TimeSpan.FromHours(24);

    /// <summary>The same for node agents, whose join tokens serve once: an agent that renews in time goes on this long. Default 30 d.</summary>
    public TimeSpan AgentRenewalLimit { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long a found registration serves without being read again. Deletions do not wait for it. Default 30 s.</summary>
    public TimeSpan RegistrationCacheTtl { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Registrations kept in memory at most. Default 100,000.</summary>
    public int RegistrationCacheCapacity { get; set; } = 100_000;

    /// <summary>How long an answer is kept for a repeated idempotency key. Default 60 s.</summary>
    public TimeSpan IdempotencyWindow { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Idempotency keys kept at most; beyond it calls with a key are refused with a retry hint. Default 65,536.</summary>
    public int IdempotencyCapacity { get; set; } = 65_536;
}

internal sealed class SvidOptionsValidator(IOptions<CaOptions> ca) : IValidateOptions<SvidOptions>
{
    public ValidateOptionsResult Validate(string? name, SvidOptions options)
    {
        var errors = new List<string>();
        var shortest = ca.Value.AllowShortLives ? TimeSpan.FromSeconds(1) : TimeSpan.FromMinutes(1);
        if (options.DefaultTtl < shortest || options.DefaultTtl > options.MaxTtl)
        {
            errors.Add($"svid.defaultTtl is {options.DefaultTtl}; give a time from {shortest} to svid.maxTtl ({options.MaxTtl}).");
        }

        if (options.MaxTtl > ca.Value.IssuingCaTtl / 2 && !ca.Value.AllowShortLives)
        {
            errors.Add($"svid.maxTtl ({options.MaxTtl}) must fit into half of ca.issuingCaTtl ({ca.Value.IssuingCaTtl}), or certificates come out cut short. Raise the one or lower the other.");
        }

        if (options.Backdate < TimeSpan.Zero || options.Backdate > TimeSpan.FromHours(1))
        {
            errors.Add($"svid.backdate is {options.Backdate}; give a time from 0s to 1h.");
        }

        if (options.RenewalLimit < options.DefaultTtl)
        {
            errors.Add($"svid.renewalLimit ({options.RenewalLimit}) is shorter than svid.defaultTtl ({options.DefaultTtl}): no SVID could be renewed.");
        }

        if (options.AgentRenewalLimit < options.DefaultTtl)
        {
            errors.Add($"svid.agentRenewalLimit ({options.AgentRenewalLimit}) is shorter than svid.defaultTtl ({options.DefaultTtl}): no agent could renew.");
        }

        if (options.RegistrationCacheTtl > DenialDecisions.KeepDeletedRegistrations / 2 || options.RegistrationCacheTtl < TimeSpan.Zero)
        {
            errors.Add($"svid.registrationCacheTtl is {options.RegistrationCacheTtl}; give a time from 0s to {DenialDecisions.KeepDeletedRegistrations / 2}.");
        }

        if (options.ClockSkew < TimeSpan.Zero || options.ClockSkew > TimeSpan.FromHours(1))
        {
            errors.Add($"svid.clockSkew is {options.ClockSkew}; give a time from 0s to 1h.");
        }

        if (options.IdempotencyWindow < TimeSpan.FromSeconds(1) || options.IdempotencyWindow > TimeSpan.FromHours(1))
        {
            errors.Add($"svid.idempotencyWindow is {options.IdempotencyWindow}; give a time from 1s to 1h.");
        }

        if (options.RegistrationCacheCapacity < 1 || options.IdempotencyCapacity < 1)
        {
            errors.Add("svid.registrationCacheCapacity and svid.idempotencyCapacity must be at least 1.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
