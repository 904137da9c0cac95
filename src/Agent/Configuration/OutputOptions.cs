namespace MeshGrains.Agent;

/// <summary>One of <c>outputs</c>: an identity of this node in files, for programs that speak neither the Workload API nor SDS.</summary>
internal sealed class OutputOptions
{
    public const string Delete = "delete";
    public const string Keep = "keep";

    public string Name { get; set; } = "";

    public string SpiffeId { get; set; } = "";

    /// <summary>Files; empty ones are not written. <see cref="Combined"/> holds the chain and then the key, as haproxy reads them.</summary>
    public string Certificate { get; set; } = "";

    public string Key { get; set; } = "";

    public string Combined { get; set; } = "";

    public string Bundle { get; set; } = "";

    /// <summary>The revocation lists of the trust domain whose roots <see cref="Bundle"/> holds; not there while there are none.</summary>
    public string Crl { get; set; } = "";

    /// <summary>Whose roots <see cref="Bundle"/> holds, exactly one trust domain's; empty: those of <see cref="SpiffeId"/>.</summary>
    public string BundleTrustDomain { get; set; } = "";

    /// <summary>When the identity is taken from this node: <c>delete</c> certificate and key, or <c>keep</c> them until they are of no use any more.</summary>
    public string WhenWithdrawn { get; set; } = Delete;

    /// <summary><c>user</c>, <c>user:group</c> or numbers; empty: the agent's own.</summary>
    public string Owner { get; set; } = "";

    /// <summary>Octal modes of files with a key and of the others.</summary>
    public string KeyMode { get; set; } = "0600";

    public string Mode { get; set; } = "0644";

    /// <summary>After all files are in place: a signal to the process of <see cref="PidFile"/>, or a command with its arguments.</summary>
    public string Signal { get; set; } = "";

    public string PidFile { get; set; } = "";

    public IList<string> Command { get; set; } = [];

    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
