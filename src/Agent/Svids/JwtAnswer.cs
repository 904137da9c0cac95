using MeshGrains.Rpc;

namespace MeshGrains.Agent.Svids;

/// <summary>A JWT-SVID, or the status and words for who wanted it.</summary>
internal sealed record JwtAnswer(HeldJwt? Held, RpcStatusCode Code, string Message)
{
    public static JwtAnswer Of(HeldJwt held) => new(held, RpcStatusCode.Ok, "");

    public static JwtAnswer Refused(RpcStatusCode code, string message) => new(null, code, message);
}
