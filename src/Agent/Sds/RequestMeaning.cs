namespace MeshGrains.Agent.Sds;

/// <summary>What a discovery request asks of its stream.</summary>
internal enum RequestMeaning
{
    /// <summary>It answers an older response: passed over.</summary>
    Stale,

    /// <summary>Nothing to answer: an acknowledgement, or fewer names.</summary>
    Noted,

    /// <summary>The first one, or new names: answered even when nothing changed.</summary>
    Asked,

    /// <summary>A NACK.</summary>
    Refused,

    /// <summary>A NACK with new names.</summary>
    RefusedAndAsked,
}
