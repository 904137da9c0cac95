using MeshGrains.Gateway.Administration;

namespace MeshGrains.Gateway.Serving;

/// <summary>Endpoint metadata: who may call, and on which listeners. An endpoint without it answers nobody.</summary>
internal sealed class Access
{
    private Access(ListenerKinds listeners, IReadOnlyList<OperatorRole> roles, bool open, bool grpc)
    {
        Listeners = listeners;
        Roles = roles;
        IsOpen = open;
        IsGrpc = grpc;
    }

    /// <summary>Anyone, on these listeners: the handler gives public data or authenticates by itself.</summary>
    public static Access Open(ListenerKinds listeners) => new(listeners, [], open: true, grpc: false);

    /// <summary>A gRPC method for anyone on the mesh listener; its failures are gRPC statuses, not problem documents.</summary>
    public static Access Grpc { get; } = new(ListenerKinds.Mesh, [], open: true, grpc: true);

    /// <summary>A gRPC method on other listeners, whose handler looks at who calls.</summary>
    public static Access GrpcOn(ListenerKinds listeners) => new(listeners, [], open: true, grpc: true);

    /// <summary>Operators with one of these roles; <see cref="OperatorRole.Admin"/> is always one of them.</summary>
    public static Access Operators(params OperatorRole[] roles)
        => new(ListenerKinds.Mesh | ListenerKinds.Admin, [.. roles, OperatorRole.Admin], open: false, grpc: false);

    public ListenerKinds Listeners { get; }

    public IReadOnlyList<OperatorRole> Roles { get; }

    public bool IsOpen { get; }

    public bool IsGrpc { get; }
}
