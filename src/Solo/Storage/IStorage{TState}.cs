namespace Orleans.Core;

/// <summary>One stored record of a grain.</summary>
public interface IStorage<TState> : IStorage
{
    TState State { get; set; }
}
