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
    public void Write(WorkloadSvid svid, TrustBundle bundle)
    {
        if (!OutputPlan.TryOwner(output.Owner, accounts, out var owner))
        {
            throw new IOException($"the owner '{output.Owner}' is not known on this machine");
        }

        var parts = Of(svid, bundle).GroupBy(file => file.Directory, StringComparer.Ordinal)
            .Select(group => (Folder: new OutputFolder(group.Key, output.Name), Files: group.ToList())).ToList();
        try
        {
            parts.ForEach(part => part.Folder.Stage(part.Files, owner));
            parts.ForEach(part => part.Folder.Publish(part.Files));
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

    /// <summary>The roots first: where directories differ, nobody shall show a certificate whose root its neighbour has not read.</summary>
    private IEnumerable<OutputFile> Of(WorkloadSvid svid, TrustBundle bundle)
    {
        _ = FileModes.TryParse(output.KeyMode, out var keyMode);
        _ = FileModes.TryParse(output.Mode, out var mode);
        return new OutputFile[]
        {
            new(output.Bundle, bundle.Pem, mode),
            new(output.Combined, svid.ChainPem + svid.KeyPem, keyMode),
            new(output.Key, svid.KeyPem, keyMode),
            new(output.Certificate, svid.ChainPem, mode),
        }.Where(file => file.Path.Length > 0);
    }
}
