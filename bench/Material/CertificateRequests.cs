using MeshGrains.Identity;

namespace MeshGrains.Bench;

/// <summary>Distinct P-256 certificate requests, made before anything is measured.</summary>
internal static class CertificateRequests
{
    /// <summary>Each is DER; every one has a key of its own.</summary>
    public static byte[][] Make(int count)
    {
        var requests = new byte[count][];
        Parallel.For(0, count, i =>
        {
            using var key = IssuerKey.Create();
            requests[i] = CertificateSigningRequestWriter.Write(key);
        });
        return requests;
    }
}
