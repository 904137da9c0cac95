using MeshGrains.Grains;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Clusters;

/// <summary>Checks the address of the authority API at start.</summary>
internal sealed class AuthorityListenValidator : IValidateOptions<AuthorityOptions>
{
    public ValidateOptionsResult Validate(string? name, AuthorityOptions options) =>
        options.Listen.Length == 0 || ListenAddress.TryParse(options.Listen, out _)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"authority.listen: '{options.Listen}' is not an address with a port; write one such as '10.0.0.7:8445' or '0.0.0.0:8445'.");
}
