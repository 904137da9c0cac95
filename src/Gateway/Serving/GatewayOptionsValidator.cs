using System.Net;
using MeshGrains.Gateway.Administration;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway;

/// <summary>Checks <see cref="GatewayOptions"/> at start; every error names the option and says what to do.</summary>
internal sealed class GatewayOptionsValidator(MeshScope scope) : IValidateOptions<GatewayOptions>
{
    /// <summary>What <c>sun_path</c> holds on Linux, without its closing zero.</summary>
    private const int MaxSocketPathBytes = 107;

    public ValidateOptionsResult Validate(string? name, GatewayOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var errors = new List<string>();
        CheckEndpoint(errors, "gateway.listen", options.Listen, required: true);
        CheckEndpoint(errors, "gateway.operationsListen", options.OperationsListen, required: false);
        if (System.Text.Encoding.UTF8.GetByteCount(options.AdminSocket) > MaxSocketPathBytes)
        {
            errors.Add($"gateway.adminSocket is longer than {MaxSocketPathBytes} bytes, which no Unix socket path may be; choose a shorter one.");
        }

        foreach (var dnsName in options.DnsNames.Where(dnsName => Uri.CheckHostName(dnsName) != UriHostNameType.Dns))
        {
            errors.Add($"gateway.dnsNames: '{dnsName}' is not a DNS name; write one such as 'mesh.example.org'.");
        }

        foreach (var address in options.IpAddresses.Where(address => !IPAddress.TryParse(address, out _)))
        {
            errors.Add($"gateway.ipAddresses: '{address}' is not an IP address; write one such as '10.0.0.7'.");
        }

        CheckPositive(errors, "gateway.maxConnectionAge", options.MaxConnectionAge);
        CheckPositive(errors, "gateway.connectionDrain", options.ConnectionDrain);
        if (options.DrainDelay is { } drain && (drain < TimeSpan.Zero || drain > TimeSpan.FromMinutes(5)))
        {
            errors.Add("gateway.drainDelay must be from 0s to 5m; leave it empty for the default.");
        }

        CheckPositive(errors, "gateway.requestHeadersTimeout", options.RequestHeadersTimeout);
        CheckPositive(errors, "gateway.keepAliveTimeout", options.KeepAliveTimeout);
        CheckRange(errors, "gateway.maxRequestHeaderBytes", options.MaxRequestHeaderBytes, 20 * 1024, 1024 * 1024);
        for (var i = 0; i < options.Roles.Count; i++)
        {
            CheckBinding(errors, $"gateway.roles[{i}]", options.Roles[i]);
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private void CheckBinding(List<string> errors, string where, RoleBindingOptions binding)
    {
        if (!SpiffeId.TryParse(binding.SpiffeId, out var id, out var error))
        {
            errors.Add($"{where}.spiffeId: {error}");
        }
        else if (!id.IsMemberOf(scope.TrustDomain) || !id.Path.StartsWith(EntryRules.ReservedPrefix + "/", StringComparison.Ordinal))
        {
            errors.Add($"{where}.spiffeId: '{id}' does not lie under spiffe://{scope.TrustDomain.Name}{EntryRules.ReservedPrefix}/; "
                + "roles go only to identities there, which no template and no 'register' role can reach.");
        }

        if (binding.Roles.Count == 0)
        {
            errors.Add($"{where}.roles is empty; name at least one of read, register, rotate, admin.");
        }

        if (binding.Roles.Contains(OperatorRole.Register) && binding.PathPrefixes.Count == 0)
        {
            errors.Add($"{where}.pathPrefixes is empty; 'register' needs at least one, such as '/ns/shop', or '/' for all.");
        }

        foreach (var prefix in binding.PathPrefixes)
        {
            var trimmed = prefix.TrimEnd('/');
            if (!prefix.StartsWith('/') || SpiffePath.Check(trimmed) is not null)
            {
                errors.Add($"{where}.pathPrefixes: '{prefix}' is not a SPIFFE path; write one such as '/ns/shop'.");
            }
            else if (EntryRules.IsReserved(trimmed))
            {
                errors.Add($"{where}.pathPrefixes: '{prefix}' lies in the reserved {EntryRules.ReservedPrefix}; only 'admin' registers there.");
            }
        }
    }

    private static void CheckEndpoint(List<string> errors, string option, string value, bool required)
    {
        if (value.Length == 0 ? required : !ListenAddress.TryParse(value, out _))
        {
            errors.Add($"{option}: '{value}' is not an address with a port; write one such as '127.0.0.1:8443', '[::1]:8443' or '0.0.0.0:0'.");
        }
    }

    private static void CheckPositive(List<string> errors, string option, TimeSpan value)
    {
        if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(365))
        {
            errors.Add($"{option} is {value}; it must be above zero and at most 365 days.");
        }
    }

    private static void CheckRange(List<string> errors, string option, int value, int least, int most)
    {
        if (value < least || value > most)
        {
            errors.Add($"{option} is {value}; it must lie between {least} and {most}.");
        }
    }
}
