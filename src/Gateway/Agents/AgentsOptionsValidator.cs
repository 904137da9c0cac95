using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Agents;

internal sealed class AgentsOptionsValidator : IValidateOptions<AgentsOptions>
{
    public ValidateOptionsResult Validate(string? name, AgentsOptions options)
    {
        var errors = new List<string>();
        if (options.MaxStreams < 1 || options.MaxEntriesPerAgent is < 1 or > 100_000)
        {
            errors.Add("agents.maxStreams is at least 1, agents.maxEntriesPerAgent lies between 1 and 100000.");
        }

        if (options.Reread < TimeSpan.FromMilliseconds(100) || options.Reread > TimeSpan.FromHours(1))
        {
            errors.Add($"agents.reread is {options.Reread}; give a time from 100ms to 1h.");
        }

        if (options.RereadSpread < TimeSpan.Zero || options.RereadSpread > TimeSpan.FromMinutes(10))
        {
            errors.Add($"agents.rereadSpread is {options.RereadSpread}; give a time from 0s to 10m.");
        }

        if (options.Coalesce < TimeSpan.Zero || options.Coalesce > TimeSpan.FromSeconds(10))
        {
            errors.Add($"agents.coalesce is {options.Coalesce}; give a time from 0s to 10s.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
