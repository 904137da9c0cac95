using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using MeshGrains.Gateway.Federation;
using MeshGrains.Gateway.Health;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Rest;

/// <summary>The JSON of the REST API: camelCase, unknown members refused, enums as words, no nulls written.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    PropertyNameCaseInsensitive = false,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectRequiredConstructorParameters = true,
    RespectNullableAnnotations = true,
    NumberHandling = JsonNumberHandling.Strict,
    MaxDepth = 8,
    Converters =
    [
        typeof(EnumWords<AuthorityState>), typeof(EnumWords<IssuingCaState>), typeof(EnumWords<DenialKind>), typeof(EnumWords<IssuanceRecordKind>),
        typeof(EnumWords<AgentState>), typeof(EnumWords<RotationPhase>), typeof(EnumWords<RotationEventKind>),
        typeof(EnumWords<EntryOutcomeKind>),
    ],
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(ReadinessReport))]
[JsonSerializable(typeof(EntryBody))]
[JsonSerializable(typeof(EntryView))]
[JsonSerializable(typeof(EntryPage))]
[JsonSerializable(typeof(EntryBatchBody))]
[JsonSerializable(typeof(EntryBatchView))]
[JsonSerializable(typeof(TemplateBody))]
[JsonSerializable(typeof(TemplateView))]
[JsonSerializable(typeof(TemplateList))]
[JsonSerializable(typeof(JoinTokenBody))]
[JsonSerializable(typeof(JoinTokenView))]
[JsonSerializable(typeof(SvidBody))]
[JsonSerializable(typeof(SvidView))]
[JsonSerializable(typeof(AuthorityList))]
[JsonSerializable(typeof(IssuingCaList))]
[JsonSerializable(typeof(IssuingCaItem))]
[JsonSerializable(typeof(ReasonBody))]
[JsonSerializable(typeof(TaintBody))]
[JsonSerializable(typeof(IssuancePage))]
[JsonSerializable(typeof(LogVerificationView))]
[JsonSerializable(typeof(DenialList))]
[JsonSerializable(typeof(QuarantineBody))]
[JsonSerializable(typeof(DenialReceiptView))]
[JsonSerializable(typeof(StatusView))]
[JsonSerializable(typeof(AgentPage))]
[JsonSerializable(typeof(AgentItem))]
[JsonSerializable(typeof(RotationStatusView))]
[JsonSerializable(typeof(ClusterList))]
[JsonSerializable(typeof(TrustView))]
[JsonSerializable(typeof(JwtAuthoritiesView))]
[JsonSerializable(typeof(StartRotationBody))]
[JsonSerializable(typeof(ChangeRotationBody))]
[JsonSerializable(typeof(FederationBody))]
[JsonSerializable(typeof(FederationItem))]
[JsonSerializable(typeof(FederationPage))]
[JsonSerializable(typeof(UpstreamView))]
[JsonSerializable(typeof(UpstreamChainBody))]
[JsonSerializable(typeof(UpstreamImportView))]
internal sealed partial class RestJson : JsonSerializerContext
{
    /// <summary>What goes over the wire: quotes and '+' are left readable, since nothing of it is ever part of a page.</summary>
    public static RestJson Wire => field ??= new(new JsonSerializerOptions(Default.Options!) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
