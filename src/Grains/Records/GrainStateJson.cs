using System.Text.Json.Serialization;

namespace MeshGrains.Grains;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(TrustDomainState))]
[JsonSerializable(typeof(ClusterCaState))]
[JsonSerializable(typeof(JwtAuthorityState))]
[JsonSerializable(typeof(MaintenanceState))]
[JsonSerializable(typeof(AgentRosterState))]
[JsonSerializable(typeof(FederationState))]
[JsonSerializable(typeof(FederationSetState))]
[JsonSerializable(typeof(RevocationState))]
[JsonSerializable(typeof(MemberClusterState))]
[JsonSerializable(typeof(AcmeState))]
internal sealed partial class GrainStateJson : JsonSerializerContext;
