namespace MeshGrains.Gateway;

/// <summary>Section <c>nodeAttestation.aws</c>: EC2 instances, by their signed instance-identity document. Each attests once unless it is evicted.</summary>
public sealed class AwsNodeOptions
{
    /// <summary>AWS's public certificates (PEM, RSA-2048) of the regions that count; empty: nobody is admitted this way.</summary>
    public string CertificateFile { get; set; } = "";

    /// <summary>Account ids that are admitted; at least one.</summary>
    public IList<string> Accounts { get; } = [];

    /// <summary>Regions that are admitted; at least one.</summary>
    public IList<string> Regions { get; } = [];
}
