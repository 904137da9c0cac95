namespace MeshGrains.Keys;

/// <summary>Why a key manager could not serve; what a caller decides by.</summary>
public enum KeyManagerError
{
    /// <summary>The key store did not answer, or the breaker is open. Worth another try later.</summary>
    Unavailable,

    /// <summary>The key store refused for load, and went on to for as long as we were ready to wait.</summary>
    Throttled,

    /// <summary>Authentication or authorisation failed; another try will not help until somebody mends it.</summary>
    Denied,

    /// <summary>No such key, version, token, module or file.</summary>
    NotFound,

    /// <summary>The key exists and is disabled, expired, or not valid yet.</summary>
    Disabled,

    /// <summary>The request, the configuration, the stored data or the reply is wrong: bad input, tampering, a reply by another key.</summary>
    Invalid,

    /// <summary>This process spent its own budget of calls. Nothing was sent.</summary>
    BudgetExhausted,
}
