namespace MeshGrains.KeyVaultEmulator;

public enum EmulatorFault
{
    /// <summary>429, with Retry-After only where the plan gives it.</summary>
    Throttle,

    /// <summary>500.</summary>
    ServerError,

    /// <summary>The connection is cut before anything is done.</summary>
    Drop,

    /// <summary>The connection is cut after everything was done: the reply is lost.</summary>
    LoseReply,

    /// <summary>401 with the usual challenge, though the token is good.</summary>
    RefuseToken,

    /// <summary>Never answers.</summary>
    Hang,
}
