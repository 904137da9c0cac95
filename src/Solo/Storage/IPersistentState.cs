using Orleans.Core;

namespace Orleans.Runtime;

/// <summary>One stored record of a grain, injected through <see cref="PersistentStateAttribute"/> and read before activation.</summary>
public interface IPersistentState<TState> : IStorage<TState>;
