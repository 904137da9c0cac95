using MeshGrains.Identity;
using MeshGrains.Rpc.Spiffe;

namespace MeshGrains.Agent.Commands;

/// <summary>Writes an answer of the Workload API into a directory, under the names that operators know; keys for their owner alone, each file whole or not at all.</summary>
internal static class SvidFiles
{
    private const UnixFileMode Secret = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Public = Secret | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    public static void Write(X509SVIDResponse response, string directory)
    {
        Directory.CreateDirectory(directory);
        var federated = response.FederatedBundles.OrderBy(pair => pair.Key, StringComparer.Ordinal).ToList();
        for (var i = 0; i < response.Svids.Count; i++)
        {
            var svid = response.Svids[i];
            Write(directory, $"svid.{i}.pem", Pem(svid.X509Svid.Memory), Public);
            Write(directory, $"svid.{i}.key", PemWriter.Encode("PRIVATE KEY", svid.X509SvidKey.Span), Secret);
            Write(directory, $"bundle.{i}.pem", Pem(svid.Bundle.Memory), Public);
            for (var j = 0; j < federated.Count; j++)
            {
                Write(directory, $"federated_bundle.{i}.{j}.pem", Pem(federated[j].Value.Memory), Public);
            }
        }
    }

    private static string Pem(ReadOnlyMemory<byte> der) => PemWriter.EncodeCertificates(DerChain.Split(der).Select(certificate => certificate.Der));

    private static void Write(string directory, string name, string text, UnixFileMode mode)
    {
        var path = Path.Combine(directory, name);
        var fresh = path + ".new";
        File.Delete(fresh);
        using (var writer = new StreamWriter(fresh, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode }))
        {
            writer.Write(text);
        }

        File.Move(fresh, path, overwrite: true);
    }
}
