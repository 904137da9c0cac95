using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Workloads;

namespace MeshGrains.Agent.Outputs;

/// <summary>
/// Writes an output's files: all staged, owned and synced, and only then put in place, those of one directory in one step. A full disk or a missing right leaves
/// the old ones as they were.
/// </summary>
internal sealed class OutputFiles(OutputOptions output, Accounts accounts)
{
    private IReadOnlyList<OutputFolder> _folders = [];

    /// <exception cref="IOException">They cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">They may not be written.</exception>
    public void Write(WorkloadSvid svid, TrustBundle bundle, CrlSet? crls = null) => Put([.. Of(svid, bundle, crls)]);

    /// <summary>Takes certificate and key away; roots and revocation lists stay, and are these. False when there is nothing of this output.</summary>
    /// <exception cref="IOException">They cannot be removed.</exception>
    /// <exception cref="UnauthorizedAccessException">They may not be removed.</exception>
    public bool Withdraw(TrustBundle bundle, CrlSet? crls = null)
    {
        if (!OutputPlan.Files(output).Any(path => new FileInfo(path).LinkTarget is not null))
        {
            return false;
        }

        Put([.. Of(null, bundle, crls)]);
        return true;
    }

    private void Put(IReadOnlyList<OutputFile> files)
    {
        if (!OutputPlan.TryOwner(output.Owner, accounts, out var owner))
        {
            throw new IOException($"the owner '{output.Owner}' is not known on this machine");
        }

        // The directories in the order of the files; one of which nothing stays is gone through last.
        var parts = files.Select(file => file.Directory).Concat(OutputPlan.Files(output).Select(path => Path.GetDirectoryName(path)!)).Distinct(StringComparer.Ordinal)
            .Select(directory => (Folder: new OutputFolder(directory, output.Name), Files: files.Where(file => file.Directory == directory).ToList())).ToList();
        try
        {
            parts.ForEach(part => part.Folder.Stage(part.Files, owner));
            parts.ForEach(part => part.Folder.Publish(part.Files));
            foreach (var gone in OutputPlan.Files(output).Where(path => files.All(file => file.Path != path)))
            {
                new OutputFolder(Path.GetDirectoryName(gone)!, output.Name).Unlink(Path.GetFileName(gone));
            }

            _folders = [.. parts.Select(part => part.Folder)];
        }
        catch
        {
            parts.ForEach(part => part.Folder.Unstage());
            throw;
        }
    }

    /// <summary>Takes the files from before away, once their reader was told of the new ones.</summary>
    /// <exception cref="IOException">They cannot be removed.</exception>
    public void DropOld()
    {
        foreach (var folder in _folders)
        {
            folder.DropOld();
        }

        _folders = [];
    }

    /// <summary>Roots and lists first: where directories differ, nobody shall show a certificate whose root its neighbour has not read.</summary>
    private IEnumerable<OutputFile> Of(WorkloadSvid? svid, TrustBundle bundle, CrlSet? crls)
    {
        _ = FileModes.TryParse(output.KeyMode, out var keyMode);
        _ = FileModes.TryParse(output.Mode, out var mode);
        OutputFile roots = new(output.Bundle, bundle.Pem, mode);

        // A file without a list is none: who reads lists refuses it.
        OutputFile lists = new(crls is null or { IsEmpty: true } ? "" : output.Crl, crls?.Pem ?? "", mode);
        return (svid is null ? [roots, lists] : new OutputFile[]
        {
            roots,
            lists,
            new(output.Combined, svid.ChainPem + svid.KeyPem, keyMode),
            new(output.Key, svid.KeyPem, keyMode),
            new(output.Certificate, svid.ChainPem, mode),
        }).Where(file => file.Path.Length > 0);
    }
}
