namespace Orleans.Runtime;

/// <summary>The call was refused before it reached a grain, as by a host that has not started or is stopping.</summary>
public class OrleansMessageRejectionException : OrleansException
{
    internal OrleansMessageRejectionException(string message)
        : base(message)
    {
    }
}
