using System.Text.Json;
using System.Text.Json.Serialization;

namespace MeshGrains.Cli;

/// <summary>
/// The JSON of the control plane's REST API, read with tolerance: a newer control plane may say more than is known here. No nulls are written.
/// </summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    RespectRequiredConstructorParameters = false,
    RespectNullableAnnotations = false,
    MaxDepth = 16,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProblemDocument))]
[JsonSerializable(typeof(EndpointsFile))]
[JsonSerializable(typeof(EntryBody))]
[JsonSerializable(typeof(EntryView))]
[JsonSerializable(typeof(EntryPage))]
[JsonSerializable(typeof(EntryBatchBody))]
[JsonSerializable(typeof(EntryBatchView))]
[JsonSerializable(typeof(EntryImportReport))]
[JsonSerializable(typeof(System.Text.Json.JsonElement))]
[JsonSerializable(typeof(TemplateBody))]
[JsonSerializable(typeof(TemplateView))]
[JsonSerializable(typeof(TemplateList))]
[JsonSerializable(typeof(JoinTokenBody))]
[JsonSerializable(typeof(JoinTokenView))]
[JsonSerializable(typeof(SvidBody))]
[JsonSerializable(typeof(SvidView))]
[JsonSerializable(typeof(AuthorityList))]
[JsonSerializable(typeof(AuthorityOverview))]
[JsonSerializable(typeof(IssuingCaList))]
[JsonSerializable(typeof(ReasonBody))]
[JsonSerializable(typeof(TaintBody))]
[JsonSerializable(typeof(IssuancePage))]
[JsonSerializable(typeof(LogVerificationView))]
[JsonSerializable(typeof(DenialList))]
[JsonSerializable(typeof(QuarantineBody))]
[JsonSerializable(typeof(DenialReceiptView))]
[JsonSerializable(typeof(StatusView))]
[JsonSerializable(typeof(AgentPage))]
[JsonSerializable(typeof(AgentView))]
[JsonSerializable(typeof(RotationStatusView))]
[JsonSerializable(typeof(ClusterList))]
[JsonSerializable(typeof(TrustView))]
[JsonSerializable(typeof(JwtAuthoritiesView))]
[JsonSerializable(typeof(StartRotationBody))]
[JsonSerializable(typeof(ChangeRotationBody))]
[JsonSerializable(typeof(UpstreamView))]
[JsonSerializable(typeof(UpstreamChainBody))]
[JsonSerializable(typeof(UpstreamImportView))]
[JsonSerializable(typeof(SvidReport))]
[JsonSerializable(typeof(WrittenFiles))]
[JsonSerializable(typeof(DeletedView))]
[JsonSerializable(typeof(DemoSummary))]
[JsonSerializable(typeof(FederationBody))]
[JsonSerializable(typeof(FederationView))]
[JsonSerializable(typeof(FederationPage))]
internal sealed partial class ApiJson : JsonSerializerContext;
