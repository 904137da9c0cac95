using System.Text.Json;
using System.Text.Json.Serialization;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Relay;

/// <summary>What gateways and silos say to each other in JSON.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(GatewayCertificateBody))]
[JsonSerializable(typeof(GatewayCertificate))]
internal sealed partial class RelayJson : JsonSerializerContext;
