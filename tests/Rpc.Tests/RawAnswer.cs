namespace MeshGrains.Rpc.Tests;

internal sealed record RawAnswer(
    int HttpStatus, string? HeaderStatus, string? TrailerStatus, string? Message, string? AcceptEncoding, string? ContentType, byte[] Body)
{
    public RpcStatusCode Status => (RpcStatusCode)int.Parse((HeaderStatus ?? TrailerStatus)!, System.Globalization.CultureInfo.InvariantCulture);
}
