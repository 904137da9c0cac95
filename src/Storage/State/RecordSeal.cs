using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>Tags rows that bear trust, and verifies them at each read.</summary>
internal sealed class RecordSeal(IRecordAuthenticator authenticator)
{
    public byte[] Tag(string key, long version, ReadOnlySpan<byte> content) => authenticator.Tag(key, version, content);

    /// <summary>Remembers a row that was just committed, so that an older one is refused from here on even before the first read.</summary>
    public void Remember(StoredRecord row)
    {
        try
        {
            authenticator.Verify(row.Key, row.Version, row.Content, row.Tag);
        }
        catch (RecordTamperedException)
        {
            // A later version was written and seen already.
        }
    }

    /// <summary>
    /// Verifies a row. A reader may come to an old row after a faster one verified its successor; reading again tells that from a row that was
    /// put back: the one has moved on, the other stands still.
    /// </summary>
    /// <returns>The verified row, which may be a later one; null when it is gone by now.</returns>
    /// <exception cref="RecordTamperedException">The row is not what this product wrote last.</exception>
    public StoredRecord? Verify(StoredRecord row, Func<StoredRecord?> readAgain)
    {
        while (true)
        {
            try
            {
                authenticator.Verify(row.Key, row.Version, row.Content, row.Tag);
                return row;
            }
            catch (RecordTamperedException)
            {
                var again = readAgain();
                if (again is null)
                {
                    return null;
                }

                if (again.Version <= row.Version)
                {
                    throw;
                }

                row = again;
            }
        }
    }

    /// <summary>Verifies a row that cannot change meanwhile, inside a write transaction.</summary>
    public void Verify(StoredRecord row) => authenticator.Verify(row.Key, row.Version, row.Content, row.Tag);
}
