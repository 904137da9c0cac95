using Google.Protobuf.WellKnownTypes;
using MeshGrains.Agent.Sds;
using MeshGrains.Rpc.Envoy.Core;

namespace MeshGrains.Agent.Tests.Sds;

public sealed class NodeTraitsTests
{
    public static TheoryData<Value, bool> Switches => new()
    {
        { Value.ForBool(true), false }, { Value.ForBool(false), true }, { Value.ForString("true"), false }, { Value.ForString("True"), false },
        { Value.ForString("false"), true }, { Value.ForString("yes"), true }, { Value.ForNumber(1), true }, { Value.ForNull(), true },
    };

    [Theory]
    [MemberData(nameof(Switches))]
    public void Metadata_may_ask_for_plain_roots(Value value, bool takes) =>
        Assert.Equal(takes, NodeTraits.TakesSpiffeValidator(new Node { Metadata = new Struct { Fields = { ["disable_spiffe_cert_validation"] = value } } }));

    [Theory]
    [InlineData(1, 17, false)]
    [InlineData(1, 18, true)]
    [InlineData(1, 36, true)]
    [InlineData(2, 0, true)]
    [InlineData(0, 99, false)]
    public void An_Envoy_before_1_18_takes_plain_roots(uint major, uint minor, bool takes)
    {
        Assert.Equal(takes, NodeTraits.TakesSpiffeValidator(new Node
        {
            UserAgentBuildVersion = new BuildVersion { Version = new SemanticVersion { MajorNumber = major, MinorNumber = minor } },
        }));
        Assert.Equal(takes, NodeTraits.TakesSpiffeValidator(new Node { UserAgentName = "envoy", UserAgentVersion = $"{major}.{minor}.3-dev" }));
    }

    [Theory]
    [InlineData("gRPC C-core linux Python", "1.1.0")]
    [InlineData("envoy", "")]
    [InlineData("envoy", "one.two")]
    public void Who_tells_no_version_of_Envoy_takes_the_validator(string name, string version) =>
        Assert.True(NodeTraits.TakesSpiffeValidator(new Node { UserAgentName = name, UserAgentVersion = version }));

    [Fact]
    public void Who_tells_nothing_takes_the_validator() => Assert.True(NodeTraits.TakesSpiffeValidator(null));
}
