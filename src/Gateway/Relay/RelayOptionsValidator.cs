using System.Net;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Relay;

/// <summary>Checks <see cref="RelayOptions"/> at start; every error names the option and says what to do.</summary>
internal sealed class RelayOptionsValidator : IValidateOptions<RelayOptions>
{
    public ValidateOptionsResult Validate(string? name, RelayOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var errors = new List<string>();
        var listens = ListenAddress.TryParse(options.Listen, out var listen);
        if (options.Listen.Length > 0 && !listens)
        {
            errors.Add($"relay.listen: '{options.Listen}' is not an address with a port; write one such as '10.0.0.7:8444' or '0.0.0.0:8444'.");
        }
        else if (options.Listen.Length > 0 && options.Advertise.Length == 0 && (listen.Address.Equals(IPAddress.Any) || listen.Address.Equals(IPAddress.IPv6Any)))
        {
            errors.Add($"relay.listen is '{options.Listen}', which no other process can dial; give the address that they reach this silo at in relay.advertise.");
        }

        if (options.Advertise.Length > 0 && !RelayAddress.TryParse(options.Advertise, out _, out _))
        {
            errors.Add($"relay.advertise: '{options.Advertise}' is no address that others can dial; write host:port, such as 'silo-1.mesh.svc:8444'.");
        }

        if (options.Advertise.Length > 0 && options.Listen.Length == 0)
        {
            errors.Add("relay.advertise is set, and relay.listen is not; give the address to listen on.");
        }

        foreach (var silo in options.Silos.Where(silo => !RelayAddress.TryParse(silo, out _, out _)))
        {
            errors.Add($"relay.silos: '{silo}' is no address; write host:port, such as 'silos.mesh.svc:8444'.");
        }

        if (options.Silos.Count > RelayAddress.MostSilos)
        {
            errors.Add($"relay.silos has {options.Silos.Count} addresses; at most {RelayAddress.MostSilos} are taken.");
        }

        CheckTime(errors, "relay.attemptTimeout", options.AttemptTimeout, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1));
        CheckTime(errors, "relay.deadline", options.Deadline, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(5));
        CheckTime(errors, "relay.probeInterval", options.ProbeInterval, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1));
        CheckTime(errors, "relay.ejection", options.Ejection, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(5));
        CheckTime(errors, "relay.resolveInterval", options.ResolveInterval, TimeSpan.FromMilliseconds(50), TimeSpan.FromHours(1));
        if (options.MaxAttempts is < 1 or > 5)
        {
            errors.Add($"relay.maxAttempts is {options.MaxAttempts}; it must lie between 1 and 5.");
        }

        if (options.RetryShare is not (>= 0 and <= 1))
        {
            errors.Add($"relay.retryShare is {options.RetryShare}; it must lie between 0 and 1.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static void CheckTime(List<string> errors, string option, TimeSpan value, TimeSpan least, TimeSpan most)
    {
        if (value < least || value > most)
        {
            errors.Add($"{option} is {value}; it must lie between {least} and {most}.");
        }
    }
}
