using System.Diagnostics.CodeAnalysis;
using MeshGrains.Grains;

namespace MeshGrains.Gateway;

/// <summary>Either a caller or a refusal; a flood of bad tokens throws nothing.</summary>
public readonly struct AuthenticationResult
{
    private AuthenticationResult(AuthenticatedCaller? caller, Refusal? refusal)
    {
        Caller = caller;
        Refusal = refusal;
    }

    public AuthenticatedCaller? Caller { get; }

    public Refusal? Refusal { get; }

    [MemberNotNullWhen(true, nameof(Caller))]
    [MemberNotNullWhen(false, nameof(Refusal))]
    public bool Succeeded => Caller is not null;

    public static implicit operator AuthenticationResult(AuthenticatedCaller caller) => new(caller, null);

    public static implicit operator AuthenticationResult(Refusal refusal) => new(null, refusal);

    public static AuthenticationResult FromCaller(AuthenticatedCaller caller) => caller;

    public static AuthenticationResult FromRefusal(Refusal refusal) => refusal;
}
