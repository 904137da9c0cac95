namespace MeshGrains.Gateway;

/// <summary>A JWK set at a fixed address.</summary>
internal sealed class JwksEndpointLoader(EndpointClient client, Uri jwksUri) : IKeyLoader
{
    public string Description => jwksUri.ToString();

    public async Task<VerificationKeySet> LoadAsync(VerificationKeySet previous, CancellationToken cancellationToken)
        => JwkSetReader.Read(await client.GetAsync(jwksUri, JwkSetReader.MaxBytes, cancellationToken).ConfigureAwait(false), previous);
}
