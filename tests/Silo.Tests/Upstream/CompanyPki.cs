using MeshGrains.Testing;

namespace MeshGrains.Silo.Tests;

/// <summary>A company's PKI by openssl: a root, and an intermediate that certifies subordinate CAs.</summary>
internal sealed class CompanyPki(TempDirectory folder, string openssl)
{
    public string Root => folder.File("corp-root.pem");

    public string Intermediate => folder.File("corp-sub.pem");

    public string IntermediateKey => folder.File("corp-sub.key");

    public CompanyPki Make()
    {
        Run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes", "-keyout", folder.File("corp-root.key"), "-out", Root,
            "-subj", "/O=Corp/CN=Corp Root", "-days", "30", "-addext", "keyUsage=critical,keyCertSign,cRLSign");
        Run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", IntermediateKey, "-out", folder.File("corp-sub.csr"), "-subj", "/O=Corp/CN=Corp Sub CA");
        Sign(folder.File("corp-sub.csr"), Root, folder.File("corp-root.key"), Intermediate, "2");
        return this;
    }

    /// <summary>What the PKI's people make of a request: the certificate, the intermediate and the root in one file.</summary>
    public string Certify(string csrPem)
    {
        Sign(folder.Write("mesh.csr", csrPem), Intermediate, IntermediateKey, folder.File("mesh.pem"), "1");
        return File.ReadAllText(folder.File("mesh.pem")) + File.ReadAllText(Intermediate) + File.ReadAllText(Root);
    }

    private void Sign(string csr, string ca, string key, string certificate, string pathLength)
    {
        var extensions = folder.Write(
            "extensions.cnf",
            $"basicConstraints=critical,CA:TRUE,pathlen:{pathLength}\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\n");
        Run("x509", "-req", "-in", csr, "-CA", ca, "-CAkey", key, "-CAcreateserial", "-days", "20", "-extfile", extensions, "-out", certificate);
    }

    private void Run(params string[] arguments) => Tool.Run(openssl, arguments).EnsureSuccess();
}
