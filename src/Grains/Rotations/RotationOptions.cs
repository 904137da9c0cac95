using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>Section <c>rotation</c>: how a root gives way to the next.</summary>
public sealed class RotationOptions
{
    /// <summary>
    /// Time that readers outside of our agents (federated peers, bundle files, ConfigMaps) have to fetch a bundle, counted from when every silo serves
    /// it. Null, the default: five refresh hints (<c>ca.bundleRefreshHint</c>).
    /// </summary>
    public TimeSpan? OutsideLag { get; set; }

    /// <summary>How long at least the next root signs before the former one is drained: until then a rollback is possible. Default 10 min.</summary>
    public TimeSpan Hold { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>In a compromised root's rotation a phase waits no longer than this for agents, certificates and outside readers. Default 2 min.</summary>
    public TimeSpan CompromisedWithin { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Over how long agents replace what a compromised root stands behind, when the command does not say. Default 10 min.</summary>
    public TimeSpan CompromisedReissueOver { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Begins a rotation by itself when less than a sixth of a root's life is left. Default true.</summary>
    public bool Automatic { get; set; } = true;

    /// <summary>How often the gates of a rotation are looked at. Default 10 s.</summary>
    public TimeSpan LookEvery { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gates that are taken out, by name: for a drill's control, only with <c>ca.allowShortLives</c>. Default none.</summary>
    public IList<string> WithoutGates { get; init; } = [];
}

internal sealed class RotationOptionsValidator(IOptions<CaOptions> ca) : IValidateOptions<RotationOptions>
{
    private static readonly string[] Gates =
    [
        RotationGate.Silos, RotationGate.Fence, RotationGate.Certificates, RotationGate.Agents, RotationGate.Outside, RotationGate.Hold,
    ];

    public ValidateOptionsResult Validate(string? name, RotationOptions options)
    {
        var errors = new List<string>();
        Check("outsideLag", options.OutsideLag ?? TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromDays(30));
        Check("hold", options.Hold, TimeSpan.Zero, TimeSpan.FromDays(30));
        Check("compromisedWithin", options.CompromisedWithin, TimeSpan.Zero, TimeSpan.FromDays(1));
        Check("compromisedReissueOver", options.CompromisedReissueOver, TimeSpan.Zero, TimeSpan.FromDays(1));
        Check("lookEvery", options.LookEvery, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10));
        if (options.WithoutGates.Count > 0 && !ca.Value.AllowShortLives)
        {
            errors.Add("rotation.withoutGates takes safety away and serves the control of a drill alone: remove it (it needs ca.allowShortLives).");
        }

        foreach (var gate in options.WithoutGates.Where(gate => !Gates.Contains(gate)))
        {
            errors.Add($"rotation.withoutGates knows no gate '{gate}'; there are {string.Join(", ", Gates)}.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void Check(string key, TimeSpan value, TimeSpan least, TimeSpan most)
        {
            if (value < least || value > most)
            {
                errors.Add($"rotation.{key} is {value}; give a time from {least} to {most}.");
            }
        }
    }
}
