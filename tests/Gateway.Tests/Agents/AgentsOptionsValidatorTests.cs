using MeshGrains.Gateway.Agents;

namespace MeshGrains.Gateway.Tests.Agents;

public sealed class AgentsOptionsValidatorTests
{
    [Fact]
    public void The_defaults_are_valid() => Assert.True(new AgentsOptionsValidator().Validate(null, new AgentsOptions()).Succeeded);

    [Fact]
    public void Each_option_is_bounded_and_the_error_names_it()
    {
        (string Name, AgentsOptions Options)[] wrong =
        [
            ("agents.maxStreams", new AgentsOptions { MaxStreams = 0 }),
            ("agents.maxEntriesPerAgent", new AgentsOptions { MaxEntriesPerAgent = 0 }),
            ("agents.maxEntriesPerAgent", new AgentsOptions { MaxEntriesPerAgent = 100_001 }),
            ("agents.reread", new AgentsOptions { Reread = TimeSpan.Zero }),
            ("agents.reread", new AgentsOptions { Reread = TimeSpan.FromHours(2) }),
            ("agents.rereadSpread", new AgentsOptions { RereadSpread = TimeSpan.FromSeconds(-1) }),
            ("agents.rereadSpread", new AgentsOptions { RereadSpread = TimeSpan.FromHours(1) }),
            ("agents.coalesce", new AgentsOptions { Coalesce = TimeSpan.FromSeconds(11) }),
        ];

        Assert.All(wrong, one =>
        {
            var result = new AgentsOptionsValidator().Validate(null, one.Options);
            Assert.True(result.Failed);
            Assert.Contains(one.Name, result.FailureMessage, StringComparison.Ordinal);
        });
    }
}
