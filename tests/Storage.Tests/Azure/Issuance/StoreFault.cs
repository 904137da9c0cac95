namespace MeshGrains.Storage.Tests;

/// <summary>What happens to a request on its way.</summary>
public enum StoreFault
{
    None,

    /// <summary>The store carries it out; the reply is lost.</summary>
    LoseReply,

    /// <summary>The connection breaks before the store has it.</summary>
    LoseRequest,

    /// <summary>The store says 503 and has done nothing.</summary>
    Busy,

    /// <summary>The store carries it out and says 500.</summary>
    ErrorAfter,

    /// <summary>Nothing comes back until the caller gives up; the store never has it.</summary>
    Hang,
}
