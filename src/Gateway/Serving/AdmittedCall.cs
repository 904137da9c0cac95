using System.Diagnostics.CodeAnalysis;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Serving;

/// <summary>A call that was admitted and authenticated, or why not. Disposing it gives its place back.</summary>
internal readonly struct AdmittedCall : IDisposable
{
    private readonly AdmissionLease? _lease;

    private AdmittedCall(AdmissionLease? lease, AuthenticatedCaller? caller, Refusal? refusal)
    {
        _lease = lease;
        Caller = caller;
        Refusal = refusal;
    }

    public AuthenticatedCaller? Caller { get; }

    public Refusal? Refusal { get; }

    [MemberNotNullWhen(true, nameof(Caller))]
    [MemberNotNullWhen(false, nameof(Refusal))]
    public bool Succeeded => Refusal is null;

    public static AdmittedCall Of(AdmissionLease lease, AuthenticatedCaller caller) => new(lease, caller, null);

    /// <summary>A refusal after authentication tells who it was.</summary>
    public static AdmittedCall Refused(AdmissionLease? lease, AuthenticatedCaller? caller, Refusal refusal) => new(lease, caller, refusal);

    public void Dispose() => _lease?.Dispose();
}
