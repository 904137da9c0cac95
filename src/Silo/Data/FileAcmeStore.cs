using MeshGrains.Gateway.Acme;

namespace MeshGrains.Silo;

/// <summary>For a gateway that runs apart: <c>acme.json</c> in its data directory, 0600. It answers to its name alone, since no other gateway can read what is there.</summary>
internal sealed class FileAcmeStore(DataDirectory data) : IAcmeStore
{
    public async Task<AcmeDocument> LoadAsync(CancellationToken cancellationToken) =>
        File.Exists(data.Acme) ? AcmeDocument.Read(await File.ReadAllBytesAsync(data.Acme, cancellationToken)) : new AcmeDocument();

    public async Task<bool> SaveAsync(AcmeDocument next, CancellationToken cancellationToken)
    {
        // The directory is held by one process.
        if (next.Number != (await LoadAsync(cancellationToken)).Number + 1)
        {
            return false;
        }

        DataDirectory.WriteAtomically(data.Acme, next.Write(), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return true;
    }
}
