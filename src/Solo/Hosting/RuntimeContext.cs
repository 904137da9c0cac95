namespace Orleans.Solo;

/// <summary>The activation whose turn this thread runs.</summary>
internal static class RuntimeContext
{
    [ThreadStatic]
    private static Activation? current;

    public static Activation? Current
    {
        get => current;
        set => current = value;
    }
}
