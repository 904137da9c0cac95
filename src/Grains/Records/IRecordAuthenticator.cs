namespace MeshGrains.Grains;

/// <summary>
/// Authenticates trust-bearing records (bundle, authorities, entries, templates, denials, gates) with HMAC-SHA256 under a key that the KMS
/// unwrapped at start. A tag binds the record's key, its version and its bytes, so that records cannot be edited, swapped or relabelled.
/// </summary>
public interface IRecordAuthenticator
{
    /// <summary>Length of a tag in bytes.</summary>
    const int TagLength = 32;

    /// <exception cref="RecordKeyUnavailableException">The key is not there yet.</exception>
    byte[] Tag(string recordKey, long version, ReadOnlySpan<byte> content);

    /// <summary>
    /// Checks the tag in constant time, and that <paramref name="version"/> is not below one that this process has seen for the record.
    /// </summary>
    /// <exception cref="RecordTamperedException">The tag is wrong or the version went back.</exception>
    /// <exception cref="RecordKeyUnavailableException">The key is not there yet.</exception>
    void Verify(string recordKey, long version, ReadOnlySpan<byte> content, ReadOnlySpan<byte> tag);
}
