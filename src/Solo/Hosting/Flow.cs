namespace Orleans.Solo;

/// <summary>Keeps async locals of the code that sets something going from flowing into it: a message does not carry them.</summary>
internal static class Flow
{
    public static T Without<T>(Func<T> start)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            return start();
        }

        using (ExecutionContext.SuppressFlow())
        {
            return start();
        }
    }
}
