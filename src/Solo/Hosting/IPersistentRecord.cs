namespace Orleans.Solo;

/// <summary>A record that is read before its grain is used.</summary>
internal interface IPersistentRecord
{
    Task LoadAsync(CancellationToken cancellationToken);
}
