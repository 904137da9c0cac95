using Microsoft.AspNetCore.Http.Metadata;

namespace MeshGrains.Gateway.Rest;

/// <summary>How many bytes an endpoint's requests may have, where that is another number than everywhere.</summary>
internal sealed record BodyBound(long? MaxRequestBodySize) : IRequestSizeLimitMetadata;
