namespace Orleans.Runtime;

/// <summary>Something that a call can be sent to.</summary>
public interface IAddressable;
