namespace Orleans.Runtime;

/// <summary>The base of the grain host's own failures.</summary>
public class OrleansException : Exception
{
    public OrleansException()
        : base("The grain host failed.")
    {
    }

    public OrleansException(string message)
        : base(message)
    {
    }

    public OrleansException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
