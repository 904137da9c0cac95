namespace Orleans;

/// <summary>The base of every grain interface.</summary>
public interface IGrain : Runtime.IAddressable;
