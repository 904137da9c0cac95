namespace Orleans;

/// <summary>One stored record as a storage provider reads and writes it.</summary>
public interface IGrainState<T>
{
    T? State { get; set; }

    /// <summary>The version last read or written; null before there is one.</summary>
    string? ETag { get; set; }

    bool RecordExists { get; set; }
}
