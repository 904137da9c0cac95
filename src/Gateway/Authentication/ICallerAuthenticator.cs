namespace MeshGrains.Gateway;

/// <summary>Establishes who calls. A call that brings both a token and a client SVID is judged by its token: that is the fresh attestation.</summary>
public interface ICallerAuthenticator
{
    ValueTask<AuthenticationResult> AuthenticateAsync(CallCredentials credentials, CancellationToken ct);
}
