namespace Orleans.Runtime;

/// <summary>A bound was reached, as that of the requests waiting for one activation.</summary>
public sealed class LimitExceededException : OrleansException
{
    public LimitExceededException()
        : base("A limit was exceeded.")
    {
    }

    public LimitExceededException(string message)
        : base(message)
    {
    }

    public LimitExceededException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
