namespace MeshGrains.Gateway.Relay;

/// <summary>How an attempt at a silo ended, in terms of what may follow.</summary>
internal enum AttemptOutcome
{
    /// <summary>The silo answered for good.</summary>
    Answered,

    /// <summary>It said that it cannot serve now, and handed nothing out; what it began, such as a record in the log, may stand.</summary>
    Unavailable,

    /// <summary>Nothing reached it.</summary>
    NotSent,

    /// <summary>The request may have reached it; whether it was served is not known.</summary>
    Unknown,
}
