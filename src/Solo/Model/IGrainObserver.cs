namespace Orleans;

/// <summary>The base of interfaces through which grains call back into ordinary objects.</summary>
public interface IGrainObserver : Runtime.IAddressable;
