using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Agent.Svids;
using MeshGrains.Identity;

namespace MeshGrains.Agent.Tests.Outputs;

/// <summary>Certificates whose bytes tell them apart; outputs write them and never look into them.</summary>
internal static class OutputMaterial
{
    public const string Domain = "test.mesh";
    public const string SpiffeId = $"spiffe://{Domain}/web";

    public static WorkloadSvid Svid(byte mark) => new(
        "entry", SpiffeId, [new byte[] { mark, 1 }, new byte[] { mark, 2 }], [mark, 3], "", DateTimeOffset.MaxValue, DateTimeOffset.MaxValue);

    public static TrustBundle Bundle(long number)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=root {number}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var root = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        return new TrustBundle(new SpiffeBundle(TrustDomain.Parse(Domain)).WithX509Authorities([root.RawData]), number);
    }

    /// <summary>An output of certificate, key and bundle in one directory.</summary>
    public static OutputOptions Output(TempDirectory folder) => new()
    {
        Name = "web", SpiffeId = SpiffeId, Certificate = folder.File("svid.pem"), Key = folder.File("svid.key"), Bundle = folder.File("bundle.pem"),
    };
}
