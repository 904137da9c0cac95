using System.Text;
using MeshGrains.Gateway.Serving;

namespace MeshGrains.Silo;

/// <summary><c>serving.pem</c> in the data directory, 0600: the gateway's own certificate with its key, an hour's worth.</summary>
internal sealed class FileServingCertificateStore(DataDirectory data) : IServingCertificateStore
{
    public string? Load() => File.Exists(data.ServingCertificate) ? File.ReadAllText(data.ServingCertificate, Encoding.ASCII) : null;

    public void Save(string pem) =>
        DataDirectory.WriteAtomically(data.ServingCertificate, Encoding.ASCII.GetBytes(pem), UnixFileMode.UserRead | UnixFileMode.UserWrite);
}
