namespace MeshGrains.Grains;

/// <summary>The steps of a root's rotation, in their order. The names are stored.</summary>
public enum RotationPhase
{
    /// <summary>The next root is being made: its key in the KMS, its certificate, its record.</summary>
    Prepare = 1,

    /// <summary>The next root lies in the bundle and signs nothing yet.</summary>
    Distribute = 2,

    /// <summary>The next root signs; every silo takes an issuing CA under it. The last moment for a rollback.</summary>
    Activate = 3,

    /// <summary>The leaving root's issuing CAs are fenced, and what chains to it comes to its end.</summary>
    Drain = 4,

    /// <summary>Nothing live chains to the leaving root; the gateways' own certificates change.</summary>
    Retire = 5,

    /// <summary>The leaving root is out of the bundle.</summary>
    Done = 6,
}
