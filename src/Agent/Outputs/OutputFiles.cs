using System.Text;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Workloads;

namespace MeshGrains.Agent.Outputs;

/// <summary>
/// Writes an output's files: all staged beside their places, owned, synced, and only then moved into place one after another. A reader sees each file whole; a full
/// disk or a missing right leaves the old ones as they were.
/// </summary>
internal static class OutputFiles
{
    /// <exception cref="IOException">They cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">They may not be written.</exception>
    public static void Write(OutputOptions output, WorkloadSvid svid, TrustBundle bundle, Accounts accounts)
    {
        _ = FileModes.TryParse(output.KeyMode, out var keyMode);
        _ = FileModes.TryParse(output.Mode, out var mode);
        if (!OutputPlan.TryOwner(output.Owner, accounts, out var owner))
        {
            throw new IOException($"the owner '{output.Owner}' is not known on this machine");
        }

        // The roots first: nobody shall show a certificate whose root its neighbour has not read.
        var files = new (string Path, string Text, UnixFileMode Mode)[]
        {
            (output.Bundle, bundle.Pem, mode),
            (output.Combined, svid.ChainPem + svid.KeyPem, keyMode),
            (output.Key, svid.KeyPem, keyMode),
            (output.Certificate, svid.ChainPem, mode),
        }.Where(file => file.Path.Length > 0).ToList();
        var staged = new List<string>();
        try
        {
            foreach (var (path, text, fileMode) in files)
            {
                var temporary = $"{path}.meshgrains-new";
                File.Delete(temporary);
                staged.Add(temporary);
                Stage(temporary, text, fileMode, owner);
            }

            foreach (var (path, _, _) in files)
            {
                File.Move($"{path}.meshgrains-new", path, overwrite: true);
            }
        }
        catch
        {
            staged.ForEach(File.Delete);
            throw;
        }
    }

    private static void Stage(string path, string text, UnixFileMode mode, (uint? User, uint? Group) owner)
    {
        // For nobody else until it belongs to whom it shall belong to.
        using (var stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            stream.Write(Encoding.ASCII.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }

        if ((owner.User is not null || owner.Group is not null) && Native.Chown(path, owner.User ?? uint.MaxValue, owner.Group ?? uint.MaxValue) != 0)
        {
            throw new UnauthorizedAccessException($"{path} cannot be given to its owner; the agent needs CAP_CHOWN for that");
        }

        File.SetUnixFileMode(path, mode);
    }
}
