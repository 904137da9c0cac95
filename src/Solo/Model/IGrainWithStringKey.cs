namespace Orleans;

/// <summary>The base of grain interfaces keyed by a string, the only kind there is here.</summary>
public interface IGrainWithStringKey : IGrain;
