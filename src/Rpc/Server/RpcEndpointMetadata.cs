using Google.Protobuf.Reflection;

namespace MeshGrains.Rpc.Server;

/// <summary>Marks an endpoint as a served method, so that reflection can tell of it.</summary>
/// <param name="Path"><c>/package.Service/Method</c>.</param>
/// <param name="Files">The files that declare the method's messages, and with them, as a rule, its service.</param>
internal sealed record RpcEndpointMetadata(string Path, IReadOnlyList<FileDescriptor> Files);
